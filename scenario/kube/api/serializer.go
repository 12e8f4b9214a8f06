package api

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

// noSerializer serves a client that reads raw bytes. The schemes of the typed
// clients would slow down every start of the program.
type noSerializer struct{}

// SupportedMediaTypes returns those of an empty scheme.
func (noSerializer) SupportedMediaTypes() []runtime.SerializerInfo {
	return serializer.NewCodecFactory(runtime.NewScheme()).SupportedMediaTypes()
}

// EncoderForVersion converts nothing.
func (noSerializer) EncoderForVersion(e runtime.Encoder, _ runtime.GroupVersioner) runtime.Encoder {
	return e
}

// DecoderToVersion converts nothing.
func (noSerializer) DecoderToVersion(d runtime.Decoder, _ runtime.GroupVersioner) runtime.Decoder {
	return d
}
