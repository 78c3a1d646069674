package config

import (
	"fmt"
	"time"
)

// checkThrottle checks [login.throttle], even if failures = 0 turns it off.
func (d *draft) checkThrottle() {
	const at = "login.throttle."
	t := d.cfg.Login.Throttle
	d.checkNumber(at+"failures", int64(t.Failures), 0, 1000)
	d.checkNumber(at+"user_failures", int64(t.UserFailures), 1, 100_000)
	d.checkNumber(at+"host_failures", int64(t.HostFailures), 1, 100_000)
	d.checkNumber(at+"caller_failures", int64(t.CallerFailures), 1, 100_000)
	d.checkTime(at+"delay", t.Delay, 10*time.Millisecond, time.Minute)
	d.checkTime(at+"max_delay", t.MaxDelay, 10*time.Millisecond, time.Hour)
	d.checkTime(at+"forget_after", t.ForgetAfter, time.Second, 30*day)
	if t.Delay > t.MaxDelay {
		d.fail(at+"delay", t.Delay.String(), "is longer than max_delay, which is %s", durationText(t.MaxDelay))
	}
	if t.ForgetAfter < t.MaxDelay {
		d.fail(at+"forget_after", t.ForgetAfter.String(), "is shorter than max_delay, which is %s", durationText(t.MaxDelay))
	}
}

// checkLockout refuses a limit that leaves no password to try.
func (d *draft) checkLockout(dir *Directory, at string) {
	path := at + ".lockout_failures"
	d.checkNumber(path, int64(dir.LockoutFailures), 0, 1000)
	if dir.LockoutFailures == 1 {
		d.fail(path, fmt.Sprint(dir.LockoutFailures), "would have goldap never ask about a password, as it stops one before the last")
	}
	d.checkTime(at+".lockout_interval", dir.LockoutInterval, time.Second, 30*day)
}
