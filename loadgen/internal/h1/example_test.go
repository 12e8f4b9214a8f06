package h1_test

import (
	"fmt"

	"nodrop/loadgen/internal/h1"
)

func Example() {
	request := h1.Request{Target: "/status", Host: "gateway", Close: true}
	fmt.Printf("%q\n", request.Append(nil))

	p := h1.Parser{Capture: []string{"server"}}
	p.Reset(false)
	for _, piece := range []string{"HTTP/1.1 200 OK\r\nServer: gw", "-3\r\nContent-Length: 5\r\n\r\nhel", "lo"} {
		if _, err := p.Feed([]byte(piece)); err != nil {
			fmt.Println(err)
		}
		fmt.Println(p.Stage(), p.Status(), p.BodyBytes(), p.Done())
	}
	fmt.Printf("%s, keep-alive %t\n", p.Captured(0), p.KeepAlive())

	// Output:
	// "GET /status HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n"
	// 1 0 0 false
	// 2 200 3 false
	// 3 200 5 true
	// gw-3, keep-alive true
}
