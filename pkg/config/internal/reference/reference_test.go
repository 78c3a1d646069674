package reference

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestUncomment(t *testing.T) {
	const in = "# text\n#\n#key = 1\n[table]\n#[[list]]\n#k = \"#\""
	const want = "# text\n#\nkey = 1\n[table]\n[[list]]\nk = \"#\""
	if got := string(Uncomment([]byte(in))); got != want {
		t.Errorf("got %q", got)
	}
}

func TestGenerateRefusesWhatIsNotGo(t *testing.T) {
	dir := t.TempDir()
	if _, err := Generate(dir); err == nil {
		t.Error("no error without a file")
	}
	if err := os.WriteFile(filepath.Join(dir, "model.go"), []byte("package"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Generate(dir); err == nil {
		t.Error("no error")
	}
}

func TestFormatRefusesWhatTOMLHasNot(t *testing.T) {
	if text, err := format(reflect.ValueOf(1i)); err == nil {
		t.Errorf("got %q", text)
	}
}
