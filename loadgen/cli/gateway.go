package cli

import (
	"strings"

	"github.com/spf13/pflag"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record/product"
)

// GatewayFlag defines --gateway, which names what a target consists of. The
// function it returns gives the products, once the flags are parsed.
func GatewayFlag(fs *pflag.FlagSet) func() ([]string, error) {
	text := fs.String("gateway", "", "gateway and platform of the target, whose settings the report names: nginx,kubernetes; nodrop help findings lists all")
	GroupOutput.Hold(fs, "gateway NAMES")
	Offer(fs, "gateway", product.Names()...)
	return func() ([]string, error) {
		if !fs.Changed("gateway") {
			return nil, nil
		}
		list, err := product.Parse(*text)
		if err != nil {
			return nil, &misuse.Error{Problem: "--gateway: " + err.Error(), Hint: "use one or more of " + strings.Join(product.Names(), ", ")}
		}
		return list, nil
	}
}
