package broker

import (
	"maps"
	"regexp"
	"slices"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

var softwareName = regexp.MustCompile(`^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$`)

func (b *Broker) handleAPIVersions(req *request, message *protocol.APIVersionsRequest) (protocol.Response, error) {
	if req.version >= 3 { // the client names itself (KIP-511)
		if !softwareName.MatchString(message.ClientSoftwareName) || !softwareName.MatchString(message.ClientSoftwareVersion) {
			return &protocol.APIVersionsResponse{ErrorCode: kerr.InvalidRequest.Code(), FinalizedFeaturesEpoch: -1}, nil
		}
		req.conn.logger.Debug("client named itself", "software", message.ClientSoftwareName, "version", message.ClientSoftwareVersion)
	}
	if code := b.checkAddressee(message); code != kerr.None {
		return &protocol.APIVersionsResponse{ErrorCode: code.Code(), FinalizedFeaturesEpoch: -1}, nil
	}
	resp := &protocol.APIVersionsResponse{FinalizedFeaturesEpoch: 0}
	for _, key := range slices.Sorted(maps.Keys(b.apis)) {
		resp.APIKeys = append(resp.APIKeys, b.apiRange(key))
	}
	return resp, nil
}

// checkAddressee refuses a client that took this broker for another one; since
// version 5 it may say which it wants (KIP-1242).
func (b *Broker) checkAddressee(message *protocol.APIVersionsRequest) kerr.Error {
	switch {
	case message.ClusterID == nil && message.NodeID == -1:
		return kerr.None
	case message.ClusterID == nil || message.NodeID == -1:
		return kerr.InvalidRequest
	case *message.ClusterID != b.cfg.ClusterID || message.NodeID != b.cfg.NodeID:
		return kerr.RebootstrapRequired
	}
	return kerr.None
}

// downgrade answers an ApiVersions request of a version that is too new: in
// version 0's form, naming the versions that are possible (KIP-511).
func (b *Broker) downgrade(req *request) protocol.Response {
	req.version = 0
	return &protocol.APIVersionsResponse{
		ErrorCode: kerr.UnsupportedVersion.Code(),
		APIKeys:   []protocol.APIVersionsResponseAPIKey{b.apiRange(protocol.KeyAPIVersions)},
	}
}

func (b *Broker) apiRange(key protocol.APIKey) protocol.APIVersionsResponseAPIKey {
	return protocol.APIVersionsResponseAPIKey{APIKey: int16(key), MinVersion: b.apis[key].advertised, MaxVersion: b.apis[key].max}
}
