// Package product knows the products that a target may consist of: gateways,
// servers behind them, and the platforms that they run on. It recognises them by
// what they say of themselves and by the commands that act on them, so that a
// report names settings of what is there, and of nothing else.
//
// The table is the whole of it: a product has a name, and the texts that only
// it writes.
//
// To add a product: a row in the table, and its advice in report/diagnosis/remedy.
package product

import (
	"fmt"
	"slices"
	"strings"
)

// The names of products, as reports write them.
const (
	Lab        = "nodrop lab"
	Kubernetes = "Kubernetes"
	ASM        = "ASM"
	Istio      = "Istio"
	Envoy      = "Envoy"
	Nginx      = "nginx"
	HAProxy    = "HAProxy"
	Caddy      = "Caddy"
	Apache     = "Apache"
	Traefik    = "Traefik"
)

// row is a product and how it shows. All texts are in lower case, and parts of
// what they are compared with. A product that never shows has to be named.
type row struct {
	name     string
	fields   []string // in the Server and Via fields of responses
	pages    []string // in the bodies of its own error responses
	commands []string // in commands of scenarios
}

var table = []row{
	{name: Lab},
	{name: Kubernetes, commands: []string{"kubectl "}},
	{name: ASM, commands: []string{"istiogateways.istio.alibabacloud.com"}},
	{name: Istio, fields: []string{"istio-envoy"}, commands: []string{"istioctl "}},
	{name: Envoy, fields: []string{"envoy"}, pages: []string{
		"upstream connect error or disconnect/reset before headers", "no healthy upstream", "upstream request timeout",
	}, commands: []string{"envoy"}},
	{name: Nginx, fields: []string{"nginx", "openresty"}, pages: []string{"<center>nginx", "<center>openresty"}, commands: []string{"nginx", "openresty"}},
	{name: HAProxy, fields: []string{"haproxy"}, pages: []string{
		"no server is available to handle this request", "the server returned an invalid or incomplete response", "the server didn't respond in time",
	}, commands: []string{"haproxy"}},
	{name: Caddy, fields: []string{"caddy"}, commands: []string{"caddy"}},
	{name: Apache, fields: []string{"apache/", "apache\n"}, pages: []string{"<address>apache"}, commands: []string{"apache2", "apachectl", "httpd"}},
	{name: Traefik, fields: []string{"traefik"}, commands: []string{"traefik"}},
	{name: "AWS load balancer", fields: []string{"awselb"}, commands: []string{"aws elb"}},
	{name: "Azure Application Gateway", fields: []string{"microsoft-azure-application-gateway"}, commands: []string{"az network application-gateway"}},
	{name: "Google Cloud", fields: []string{"1.1 google"}, commands: []string{"gcloud compute"}},
	{name: "systemd", commands: []string{"systemctl "}},
	{name: "Docker", commands: []string{"docker "}},
	{name: "Docker Compose", commands: []string{"docker compose", "docker-compose"}},
	{name: "gunicorn", fields: []string{"gunicorn"}, commands: []string{"gunicorn"}},
	{name: "uvicorn", fields: []string{"uvicorn"}, commands: []string{"uvicorn"}},
	{name: "Tomcat", fields: []string{"apache-coyote", "apache tomcat"}, pages: []string{"<h3>apache tomcat"}, commands: []string{"catalina", "tomcat"}},
	{name: "Node.js", commands: []string{"nodejs ", "npm start"}},
	{name: "Go"},
}

// Names lists what Parse accepts.
func Names() []string {
	var names []string
	for _, p := range table {
		if p.name != Lab { // the lab says so itself
			names = append(names, strings.ToLower(p.name))
		}
	}
	return names
}

// Parse reads a comma-separated list of names, in any case.
func Parse(text string) ([]string, error) {
	var list []string
	for one := range strings.SplitSeq(text, ",") {
		name := Canonical(strings.TrimSpace(one))
		if name == "" || name == Lab {
			return nil, fmt.Errorf("unknown gateway or platform %q", strings.TrimSpace(one))
		}
		list = Add(list, name)
	}
	return list, nil
}

// Canonical returns a name as reports write it; "" if no product has it.
func Canonical(name string) string {
	i := slices.IndexFunc(table, func(p row) bool { return strings.EqualFold(p.name, name) })
	if i < 0 {
		return ""
	}
	return table[i].name
}

// Add adds the names that a list does not have yet.
func Add(list []string, names ...string) []string {
	for _, name := range names {
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// Sort brings names in the order of the table, and drops those that are not in
// it.
func Sort(names []string) []string {
	var list []string
	for _, p := range table {
		if slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, p.name) }) {
			list = append(list, p.name)
		}
	}
	return list
}

// InField returns the products that a Server or Via field names.
func InField(value string) []string {
	return naming(value, func(p *row) []string { return p.fields })
}

// InCommand returns the products that a command names.
func InCommand(command string) []string {
	return naming(command, func(p *row) []string { return p.commands })
}

// naming returns the products of which a text has one of the texts.
func naming(text string, of func(*row) []string) []string {
	text = strings.ToLower(text) + "\n" // so that a text of the table can ask for the end
	var list []string
	for i := range table {
		if slices.ContainsFunc(of(&table[i]), func(part string) bool { return strings.Contains(text, part) }) {
			list = append(list, table[i].name)
		}
	}
	return list
}
