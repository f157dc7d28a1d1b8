// Command etcd is the server alone: its own module keeps the command where `go build` of a dependency can't reach it.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
