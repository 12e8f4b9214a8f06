package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"
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

// serveHello is a backend that answers with its pod's name, after a delay, and may
// not heed SIGTERM.
func serveHello(args []string) error {
	flags := flag.NewFlagSet("controlplane serve", flag.ContinueOnError)
	listen := flags.String("listen", "", "`address` to listen at")
	delay := flags.Duration("delay", 0, "`time` that an answer takes")
	deaf := flags.Bool("deaf", false, "go on at SIGTERM")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errMisuse, err)
	}
	if *deaf {
		signal.Ignore(syscall.SIGTERM)
	}
	name := os.Getenv("HOSTNAME")
	return http.ListenAndServe(*listen, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(*delay)
		fmt.Fprintln(w, name)
	}))
}
