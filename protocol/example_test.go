package protocol_test

import (
	"fmt"

	"github.com/afkak-go/afkak/protocol"
)

// A request on the wire is a length, a header and a body.
func Example() {
	request := protocol.NewListGroupsRequest()
	request.StatesFilter = []string{"Stable"}
	const version = 4

	client := "example"
	header := protocol.RequestHeader{
		RequestAPIKey:     int16(request.Key()),
		RequestAPIVersion: version,
		CorrelationID:     1,
		ClientID:          &client,
	}
	b, err := header.AppendTo(nil, request.Key().RequestHeaderVersion(version))
	if err != nil {
		panic(err)
	}
	if b, err = request.AppendTo(b, version); err != nil {
		panic(err)
	}
	fmt.Printf("%x\n", b)
	// Output: 001000040000000100076578616d706c65000207537461626c6500
}

func ExampleVersions_Pick() {
	broker, _ := protocol.ReleaseVersions("0.9.0")
	version, err := broker.Pick(protocol.KeyProduce, 0, 13)
	fmt.Println(version, err)
	_, err = broker.Pick(protocol.KeyProduce, 3, 13)
	fmt.Println(err)
	_, err = broker.Pick(protocol.KeyCreateTopics, 0, 7)
	fmt.Println(err)
	// Output:
	// 1 <nil>
	// Produce: the broker speaks version 0 to 1, needed is version 3 to 13
	// CreateTopics: the broker does not know this request (needed: version 0 to 7)
}

func ExampleUUID() {
	id, err := protocol.ParseUUID("AAAAAAAAAAAAAAAAAAAAAQ")
	fmt.Println(id, err)
	// Output: AAAAAAAAAAAAAAAAAAAAAQ <nil>
}
