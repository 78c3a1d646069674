package directory

// LoginUIDs returns the smallest and the largest uid that may log in; 0 is no
// limit.
func (d *Directory) LoginUIDs() (least, most uint32) {
	return d.cfg.LoginMinUID, d.cfg.LoginMaxUID
}

// Administrator reports whether the configuration names an identity that
// changes passwords for root, and whether it has its password.
func (d *Directory) Administrator() (configured, hasPassword bool) {
	return d.cfg.RootBindDN != "", !d.cfg.RootBindPassword.IsEmpty()
}
