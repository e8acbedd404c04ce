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
	if req.version >= 5 && b.isNotAddressed(message) { // KIP-1242
		return &protocol.APIVersionsResponse{ErrorCode: kerr.RebootstrapRequired.Code(), FinalizedFeaturesEpoch: -1}, nil
	}
	resp := &protocol.APIVersionsResponse{FinalizedFeaturesEpoch: 0}
	for _, key := range slices.Sorted(maps.Keys(apis)) {
		resp.APIKeys = append(resp.APIKeys, apiRange(key))
	}
	return resp, nil
}

// isNotAddressed says that the client took this broker for another one.
func (b *Broker) isNotAddressed(message *protocol.APIVersionsRequest) bool {
	if message.ClusterID != nil && *message.ClusterID != b.cfg.ClusterID {
		return true
	}
	return message.NodeID != -1 && message.NodeID != b.cfg.NodeID
}

// downgrade answers an ApiVersions request of a version that is too new: in
// version 0's form, naming the versions that are possible (KIP-511).
func (r *request) downgrade() protocol.Response {
	r.version = 0
	return &protocol.APIVersionsResponse{
		ErrorCode: kerr.UnsupportedVersion.Code(),
		APIKeys:   []protocol.APIVersionsResponseAPIKey{apiRange(protocol.KeyAPIVersions)},
	}
}

func apiRange(key protocol.APIKey) protocol.APIVersionsResponseAPIKey {
	return protocol.APIVersionsResponseAPIKey{APIKey: int16(key), MinVersion: apis[key].advertised, MaxVersion: apis[key].max}
}
