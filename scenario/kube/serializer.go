package kube

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

// noSerializer is for a client that is asked for bytes: the schemes that the
// typed clients come with cost every start of the program.
type noSerializer struct{}

func (noSerializer) codecs() runtime.NegotiatedSerializer {
	return serializer.NewCodecFactory(runtime.NewScheme()).WithoutConversion()
}

// SupportedMediaTypes are those of an empty scheme.
func (n noSerializer) SupportedMediaTypes() []runtime.SerializerInfo {
	return n.codecs().SupportedMediaTypes()
}

// EncoderForVersion is that of an empty scheme.
func (n noSerializer) EncoderForVersion(e runtime.Encoder, _ runtime.GroupVersioner) runtime.Encoder {
	return e
}

// DecoderToVersion is that of an empty scheme.
func (n noSerializer) DecoderToVersion(d runtime.Decoder, _ runtime.GroupVersioner) runtime.Decoder {
	return d
}

var _ runtime.NegotiatedSerializer = noSerializer{}

var _ = schema.GroupVersion{}
