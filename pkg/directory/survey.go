package directory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/pkg/config"
)

// SurveyOptions say how far Survey goes.
type SurveyOptions struct {
	Options
	// Entries has the entries below the base looked at, too: what there is, how
	// long a search takes, what may be read.
	Entries bool
	// Progress, unless it is nil, is told what is done next.
	Progress func(server, doing string)
}

// Stage is a step of a survey.
type Stage string

// The stages, in order. One that failed is the last.
const (
	StageName    Stage = "look up in DNS" // of DNS: URIs only
	StageConnect Stage = "connect"
	StageTLS     Stage = "TLS"
	StageBind    Stage = "bind"
	StageRoot    Stage = "read the root DSE"
	StageBase    Stage = "read the base"
	StageEntries Stage = "look at the entries"
)

// ServerSurvey is what one server shows of itself.
type ServerSurvey struct {
	URI string
	// Failed is the stage at which the survey ended, empty if it came to its
	// end, and Err says why.
	Failed Stage
	Err    error
	// Encrypted: there is TLS. Local: there is none because the server is on
	// this machine (ldapi).
	Encrypted, Local bool
	// Chain is the chain of certificates, the server's own first: as it was
	// verified, or as it was sent if it was not or could not be verified.
	Chain []*x509.Certificate
	// ConnectTime is how long TCP and TLS took.
	ConnectTime time.Duration
	Root        RootDSE
	// Base is the base DN that was looked at: the configuration's, or the
	// one that the root DSE proposes. BaseExists: it was found.
	Base       string
	BaseExists bool
	// Entries is nil unless they were looked at.
	Entries *EntriesSurvey
}

// Survey asks every server of a configuration what it is, each once and beside
// the others, without trying again: this is for people who set goldap up and
// look for faults. The error is about the configuration; what is wrong with a
// server is in its ServerSurvey. A configuration without a base DN is
// good enough.
func Survey(ctx context.Context, cfg config.Directory, opts SurveyOptions) ([]ServerSurvey, error) {
	places := cfg
	if cfg.Base == "" && len(cfg.Bases) == 0 { // New wants to know where to search
		places.Bases = []config.SearchBase{{DN: "", Scope: "base"}}
	}
	opts.SingleUse = true
	d, err := New(places, opts.Options)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var surveys []*surveyor
	for _, src := range d.sources {
		servers, err := src.get(ctx)
		if err != nil || len(servers) == 0 {
			surveys = append(surveys, &surveyor{result: ServerSurvey{URI: src.uri, Failed: StageName, Err: orNoServer(err)}})
		}
		for _, s := range servers {
			surveys = append(surveys, &surveyor{server: s, opts: opts, result: ServerSurvey{URI: s.at.uri, Base: d.firstBase()}})
		}
	}
	return surveyAll(ctx, surveys), nil
}

func orNoServer(err error) error {
	if err == nil {
		return errors.New("DNS names no server")
	}
	return err
}

func surveyAll(ctx context.Context, surveys []*surveyor) []ServerSurvey {
	var running sync.WaitGroup
	for _, one := range surveys {
		if one.server != nil {
			running.Go(func() { one.run(ctx) })
		}
	}
	running.Wait()
	results := make([]ServerSurvey, len(surveys))
	for i, one := range surveys {
		results[i] = one.result
	}
	return results
}

// surveyor looks at one server.
type surveyor struct {
	server *server
	opts   SurveyOptions
	conn   *conn
	result ServerSurvey
}

// run goes through the stages until one fails.
func (y *surveyor) run(ctx context.Context) {
	panicked := guarded(func() {
		for _, stage := range []struct {
			name Stage
			do   func(context.Context) error
		}{
			{StageConnect, y.connect}, {StageBind, y.bind}, {StageRoot, y.readRoot}, {StageBase, y.readBase}, {StageEntries, y.readEntries},
		} {
			y.tell(string(stage.name))
			if err := stage.do(ctx); err != nil {
				y.fail(stage.name, err)
				break
			}
		}
	})
	if panicked != nil {
		y.fail(y.result.Failed, panicked)
	}
	if y.conn != nil {
		y.conn.close()
	}
}

// fail notes the end, unless connect has named a later stage itself.
func (y *surveyor) fail(stage Stage, err error) {
	if y.result.Failed == "" {
		y.result.Failed = stage
	}
	y.result.Err = err
}

func (y *surveyor) tell(doing string) {
	if y.opts.Progress != nil {
		y.opts.Progress(y.result.URI, doing)
	}
}

// connect opens the connection and takes the certificates. A SASL bind, which
// comes before go-ldap has the connection, is done here, too.
func (y *surveyor) connect(ctx context.Context) error {
	s := y.server
	reached := StageConnect
	dial := s.dial
	s.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil {
			reached = StageTLS
		}
		return conn, err
	}
	start := time.Now()
	var err error
	y.conn, err = s.open(ctx, serviceMessageLimit, s.services.idle, func(ctx context.Context, upper net.Conn) error {
		reached = StageBind
		y.result.ConnectTime = time.Since(start)
		y.takeCertificates(upper)
		if s.identity.sasl == nil {
			return nil
		}
		return s.services.bindSASL(ctx, upper)
	})
	if err == nil {
		y.result.Encrypted, y.result.Local = y.conn.secure && !s.at.local, s.at.local
		return nil
	}
	y.result.Failed = reached
	y.takeRefused(err)
	return err
}

func (y *surveyor) takeCertificates(upper net.Conn) {
	secured, ok := upper.(*tls.Conn)
	if !ok {
		return
	}
	state := secured.ConnectionState()
	y.result.Chain = state.PeerCertificates
	if len(state.VerifiedChains) > 0 {
		y.result.Chain = state.VerifiedChains[0]
	}
}

// takeRefused takes the certificates that were not accepted.
func (y *surveyor) takeRefused(err error) {
	var refused *tls.CertificateVerificationError
	if errors.As(err, &refused) {
		y.result.Chain = refused.UnverifiedCertificates
	}
}

// bind binds as the pseudouser.
func (y *surveyor) bind(ctx context.Context) error {
	who := y.server.identity
	if who.sasl != nil || who.anonymous() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, y.server.connectTimeout)
	defer cancel()
	reply, err := y.conn.bind(ctx, who.dn, who.password)
	if err != nil {
		return err
	}
	return y.server.services.judge(reply)
}

// search is one search for at most limit entries.
func (y *surveyor) search(ctx context.Context, at place, match filter, limit int, attributes ...string) ([]entry, error) {
	at.filter = filter{}
	return y.conn.search(ctx, y.server.searchTimeout, &search{place: at, filter: match, attributes: attributes, limit: limit})
}

// readBase sees whether the base is there.
func (y *surveyor) readBase(ctx context.Context) error {
	if y.result.Base == "" {
		y.result.Base = y.result.Root.ProposedBase()
	}
	if y.result.Base == "" {
		return nil
	}
	at := place{dn: y.result.Base, scope: ldap.ScopeBaseObject}
	found, err := y.search(ctx, at, present("objectClass"), 1, "1.1")
	y.result.BaseExists = len(found) > 0
	if errors.Is(err, errNoBase) {
		return nil
	}
	return err
}
