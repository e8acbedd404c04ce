package broker

import (
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// brokerEndpoints is the type of endpoints that a broker knows of; the other
// one is controllers (KIP-919).
const brokerEndpoints = 1

func (b *Broker) handleDescribeCluster(req *request, message *protocol.DescribeClusterRequest) (protocol.Response, error) {
	resp := new(protocol.DescribeClusterResponse)
	resp.SetDefaults()
	if message.EndpointType != brokerEndpoints {
		resp.ErrorCode = kerr.MismatchedEndpointType.Code()
		resp.ErrorMessage = text("this is a broker, not a controller")
		return resp, nil
	}
	resp.ClusterID = b.cfg.ClusterID
	resp.ControllerID = b.cfg.NodeID
	resp.Brokers = []protocol.DescribeClusterResponseBroker{{BrokerID: b.cfg.NodeID, Host: b.host, Port: b.port}}
	return resp, nil
}
