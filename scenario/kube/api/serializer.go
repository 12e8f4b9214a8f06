package api

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

// noSerializer is for a client that is asked for bytes: the schemes that the
// typed clients come with cost every start of the program.
type noSerializer struct{}

// SupportedMediaTypes are those of an empty scheme.
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
