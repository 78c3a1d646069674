package machine

import (
	"context"
	"fmt"
	"io/fs"
	"os/exec"
	"time"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/nslcd"
)

// Options say where to look; the zero value is this machine.
type Options struct {
	// Root is a directory that is looked at instead of /.
	Root string
	// Config is the configuration; empty means the usual places.
	Config string
	// Socket is goldapd's; empty means the configuration's first.
	Socket string
	// Offline asks no server.
	Offline bool
	// Now replaces time.Now, for tests.
	Now func() time.Time

	// survey, status and sshd replace, for tests, the questions to the
	// servers, to the daemon and to sshd -T.
	survey func(context.Context, config.Directory) ([]directory.ServerSurvey, error)
	status func(ctx context.Context, socket string) ([]nslcd.Fact, error)
	sshd   func(context.Context) ([]byte, error)
	// owner replaces, for tests, who owns a file.
	owner func(path string, info fs.FileInfo) owner
}

// parts are what is looked at, in order. Those behind the first need the
// configuration only where they say so.
var parts = []func(*examination, context.Context){
	(*examination).checkConfiguration,
	(*examination).checkFiles,
	(*examination).checkServers,
	(*examination).checkDaemon,
	(*examination).checkPAM,
	(*examination).checkServices,
	(*examination).checkSSHD,
	(*examination).checkNSSwitch,
	(*examination).checkOthers,
}

// Check returns what was found, the worst first.
func Check(ctx context.Context, opts Options) []Finding {
	x := &examination{Options: opts, host: host{root: opts.Root, owner: opts.owner}}
	x.setDefaults()
	for _, part := range parts {
		part(x, ctx)
	}
	return sorted(x.findings)
}

// examination is one look at a machine.
type examination struct {
	Options
	host host
	// path is the configuration, as it is called on the machine, and cfg what
	// is in it, nil if that cannot be used.
	path     string
	cfg      *config.Config
	findings []Finding
}

func (x *examination) setDefaults() {
	if x.Now == nil {
		x.Now = time.Now
	}
	if x.survey == nil {
		x.survey = func(ctx context.Context, cfg config.Directory) ([]directory.ServerSurvey, error) {
			return directory.Survey(ctx, cfg, directory.SurveyOptions{})
		}
	}
	if x.status == nil {
		x.status = askStatus
	}
	if x.sshd == nil {
		x.sshd = x.effectiveSSHD
	}
}

// found notes a finding, whose severity is in the table.
func (x *examination) found(id, where, remedy, what string, args ...any) {
	severity, known := Kinds[id]
	if !known {
		panic("machine: there is no finding " + id)
	}
	x.findings = append(x.findings, Finding{ID: id, Severity: severity, Where: where, What: fmt.Sprintf(what, args...), Remedy: remedy})
}

// daemonTimeout is how long goldapd may take to answer.
const daemonTimeout = 5 * time.Second

// askStatus returns what goldapd says about itself. To those who may not
// know that, it says something else.
func askStatus(ctx context.Context, socket string) ([]nslcd.Fact, error) {
	ctx, cancel := context.WithTimeout(ctx, daemonTimeout)
	defer cancel()
	c := client.New(socket)
	facts, err := c.Status(ctx)
	if err == nil {
		return facts, nil
	}
	const passwordProhibited = 1 // an option that everybody may ask for
	_, err = c.Config(ctx, passwordProhibited)
	return nil, err
}

// effectiveSSHD has sshd say its configuration, on the machine itself.
func (x *examination) effectiveSSHD(ctx context.Context) ([]byte, error) {
	if x.Root != "" {
		return nil, fs.ErrNotExist
	}
	ctx, cancel := context.WithTimeout(ctx, daemonTimeout)
	defer cancel()
	return exec.CommandContext(ctx, "/usr/sbin/sshd", "-T").Output()
}
