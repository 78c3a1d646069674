package config

import (
	"reflect"
	"testing"
)

// The maps that logins do not need may be left without a base.
func TestMapsBesideTheAccounts(t *testing.T) {
	const head = "[[directory]]\nuris = [\"ldap://a.example\"]\n"
	const bases = "passwd.bases = [{dn = \"ou=p\"}]\ngroup.bases = [{dn = \"ou=g\"}]\nshadow.bases = [{dn = \"ou=p\"}]\n"
	dir := load(t, "goldap.toml", head+bases+"[directory.hosts]\nobject_class = \"device\"\nbases = [{dn = \"ou=h\", scope = \"one\"}]\n"+
		"[directory.services.attributes]\nipServicePort = \"port\"\n").Directories[0]
	want := Map{ObjectClass: "device", Bases: []SearchBase{{DN: "ou=h", Scope: "one"}}}
	if !reflect.DeepEqual(dir.Hosts, want) || len(dir.RPC.Bases) > 0 || dir.Services.Attributes["ipServicePort"] != "port" {
		t.Errorf("%+v", dir)
	}
}

func TestEveryMapHasItsKeywords(t *testing.T) {
	for _, name := range mapNames() {
		dir := load(t, "pam_ldap.conf", site+"nss_base_"+name+" ou=one?one\n"+
			"nss_map_attribute "+mapAttributes(name)[1]+" other\nnss_map_objectclass "+DefaultDirectory().classOf(name)+" thing\n").Directories[0]
		m := dir.mapNamed(name)
		if len(m.Bases) != 1 || m.Bases[0].Scope != "one" || m.Attributes[mapAttributes(name)[1]] != "other" || m.ObjectClass != "thing" {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

func (d Directory) classOf(name string) string { return d.mapNamed(name).ObjectClass }
