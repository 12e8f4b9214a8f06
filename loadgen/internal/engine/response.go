package engine

// Response is the part of a response that has come, for any protocol. Package
// wire knows at which stage an exchange failed, and why.
type Response interface {
	// Status returns the status code, 0 until it has come.
	Status() int
	// Captured returns the value of the field Responses.Captured[place], nil if
	// absent. It is valid until the next response.
	Captured(place int) []byte
	// Repeated reports whether that field came more than once.
	Repeated(place int) bool
	// BodyBytes returns how many bytes of the body have come, as they are on
	// the wire.
	BodyBytes() int64
	// Unsized reports whether the response did not say in advance how long its
	// body is.
	Unsized() bool
	// CloseDelimited reports whether only the end of the connection ends the
	// body.
	CloseDelimited() bool
}
