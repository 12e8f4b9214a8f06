package engine

// Response is what a protocol hands over of a response, as far as it has come.
// Where the exchange got to when it failed, and why, package wire knows.
type Response interface {
	// Status is 0 while it has not come.
	Status() int
	// Captured is the value of one of the fields in Responses.Captured, by its
	// place there; nil without it. It is valid until the next response.
	Captured(place int) []byte
	// Repeated reports whether that field came more than once.
	Repeated(place int) bool
	// BodyBytes is how many bytes of the body have come, as they are on the wire.
	BodyBytes() int64
	// CloseDelimited reports whether nothing but the end of the connection ends
	// the body.
	CloseDelimited() bool
}
