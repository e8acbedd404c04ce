package broker_test

import (
	"fmt"
	"net"

	"github.com/afkak-go/afkak/broker"
)

func Example() {
	b, err := broker.Start(broker.Config{
		Topics: []broker.Topic{{Name: "orders", Partitions: 3}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer b.Close()

	nc, err := net.Dial("tcp", b.Addr()) // a client, by whatever library
	if err != nil {
		fmt.Println(err)
		return
	}
	nc.Close()
	fmt.Println("listening on loopback:", nc.RemoteAddr().(*net.TCPAddr).IP.IsLoopback())
	// Output: listening on loopback: true
}

func ExampleConfig() {
	_, err := broker.Start(broker.Config{Listen: "192.0.2.1:9092"})
	fmt.Println(err)
	// Output: broker: Config.Listen is "192.0.2.1:9092", which other machines may reach, and this broker has no authorisation: use a loopback address (127.0.0.1, ::1 or localhost), or set Config.AllowRemote
}
