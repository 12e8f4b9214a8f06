package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
)

// serveGateway is an ingress gateway at its simplest. It has no shutdown of its
// own: SIGTERM ends it, and what it was answering.
func serveGateway(args []string) error {
	flags := flag.NewFlagSet("controlplane gateway", flag.ContinueOnError)
	listen := flags.String("listen", "", "`address` to listen at")
	routes := flags.String("routes", "", "`file` of routes")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errMisuse, err)
	}
	return http.ListenAndServe(*listen, passTo(*routes))
}

// passTo reads the file of routes anew for every request.
func passTo(file string) http.HandlerFunc {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 256
	return func(w http.ResponseWriter, r *http.Request) {
		routes, err := readRoutes(file)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if !routes.Enabled {
			http.NotFound(w, r)
			return
		}
		proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: routes.Backend})
		proxy.Transport = transport
		proxy.ServeHTTP(w, r)
	}
}

func readRoutes(file string) (Routes, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Routes{}, err
	}
	var routes Routes
	return routes, json.Unmarshal(text, &routes)
}
