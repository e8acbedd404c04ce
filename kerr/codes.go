package kerr

// The error codes of Kafka, to those of release 4.4.
const (
	// UnknownServerError: the broker failed in a way it has no code for; its log says more.
	UnknownServerError Error = -1
	// None: no error.
	None Error = 0
	// OffsetOutOfRange: the offset is outside what the log of this partition holds.
	OffsetOutOfRange Error = 1
	// CorruptMessage: a record batch failed its checksum, is too large, or lacks the key that a compacted topic needs.
	CorruptMessage Error = 2
	// UnknownTopicOrPartition: the broker does not have this topic partition.
	UnknownTopicOrPartition Error = 3
	// InvalidFetchSize: the fetch size is not valid.
	InvalidFetchSize Error = 4
	// LeaderNotAvailable: the partition has no leader at the moment.
	LeaderNotAvailable Error = 5
	// NotLeaderOrFollower: this broker is not the leader, or not a replica, of the partition.
	NotLeaderOrFollower Error = 6
	// RequestTimedOut: the request took longer than it was allowed to.
	RequestTimedOut Error = 7
	// BrokerNotAvailable: the broker is not available.
	BrokerNotAvailable Error = 8
	// ReplicaNotAvailable: the broker does not have the replica asked for.
	ReplicaNotAvailable Error = 9
	// MessageTooLarge: the record batch is larger than the topic or broker accepts.
	MessageTooLarge Error = 10
	// StaleControllerEpoch: the controller has moved to another broker.
	StaleControllerEpoch Error = 11
	// OffsetMetadataTooLarge: the metadata string committed with an offset is too long.
	OffsetMetadataTooLarge Error = 12
	// NetworkException: the connection ended before an answer came.
	NetworkException Error = 13
	// CoordinatorLoadInProgress: the coordinator is still loading its state.
	CoordinatorLoadInProgress Error = 14
	// CoordinatorNotAvailable: there is no coordinator at the moment.
	CoordinatorNotAvailable Error = 15
	// NotCoordinator: this broker is not the coordinator.
	NotCoordinator Error = 16
	// InvalidTopicException: the topic name is not valid, or the topic may not be used this way.
	InvalidTopicException Error = 17
	// RecordListTooLarge: the produced batches are larger than a log segment.
	RecordListTooLarge Error = 18
	// NotEnoughReplicas: fewer replicas are in sync than the topic requires.
	NotEnoughReplicas Error = 19
	// NotEnoughReplicasAfterAppend: the records were written, but to fewer in-sync replicas than the topic requires.
	NotEnoughReplicasAfterAppend Error = 20
	// InvalidRequiredAcks: required acks is not one of -1, 0, 1.
	InvalidRequiredAcks Error = 21
	// IllegalGeneration: the group has moved on to another generation.
	IllegalGeneration Error = 22
	// InconsistentGroupProtocol: no group protocol suits all members, or none was offered.
	InconsistentGroupProtocol Error = 23
	// InvalidGroupID: the group ID is empty or not valid.
	InvalidGroupID Error = 24
	// UnknownMemberID: the coordinator does not know this member.
	UnknownMemberID Error = 25
	// InvalidSessionTimeout: the session timeout is outside what the broker allows.
	InvalidSessionTimeout Error = 26
	// RebalanceInProgress: the group is rebalancing, so the member has to join again.
	RebalanceInProgress Error = 27
	// InvalidCommitOffsetSize: the committed offsets with their metadata are too large for one record.
	InvalidCommitOffsetSize Error = 28
	// TopicAuthorizationFailed: no permission for the topic.
	TopicAuthorizationFailed Error = 29
	// GroupAuthorizationFailed: no permission for the group.
	GroupAuthorizationFailed Error = 30
	// ClusterAuthorizationFailed: no permission for the cluster.
	ClusterAuthorizationFailed Error = 31
	// InvalidTimestamp: the timestamp of a record is outside what the topic accepts.
	InvalidTimestamp Error = 32
	// UnsupportedSaslMechanism: the broker does not offer this SASL mechanism.
	UnsupportedSaslMechanism Error = 33
	// IllegalSaslState: the request does not fit the state of the SASL handshake.
	IllegalSaslState Error = 34
	// UnsupportedVersion: the broker does not speak this version of the request.
	UnsupportedVersion Error = 35
	// TopicAlreadyExists: a topic of this name exists already.
	TopicAlreadyExists Error = 36
	// InvalidPartitions: the number of partitions is not valid.
	InvalidPartitions Error = 37
	// InvalidReplicationFactor: the replication factor is below 1 or above the number of brokers.
	InvalidReplicationFactor Error = 38
	// InvalidReplicaAssignment: the replica assignment is not valid.
	InvalidReplicaAssignment Error = 39
	// InvalidConfig: a configuration entry is not valid.
	InvalidConfig Error = 40
	// NotController: this broker is not the controller.
	NotController Error = 41
	// InvalidRequest: the request contradicts itself or breaks a rule of the protocol.
	InvalidRequest Error = 42
	// UnsupportedForMessageFormat: the message format of this topic cannot do what was asked.
	UnsupportedForMessageFormat Error = 43
	// PolicyViolation: a policy of the broker refused the request.
	PolicyViolation Error = 44
	// OutOfOrderSequenceNumber: the sequence number is not the one that follows the last stored batch.
	OutOfOrderSequenceNumber Error = 45
	// DuplicateSequenceNumber: a batch with this sequence number has been stored already.
	DuplicateSequenceNumber Error = 46
	// InvalidProducerEpoch: the producer epoch is older than the newest one.
	InvalidProducerEpoch Error = 47
	// InvalidTxnState: the transaction is not in a state that allows this.
	InvalidTxnState Error = 48
	// InvalidProducerIDMapping: the producer ID does not belong to the transactional ID.
	InvalidProducerIDMapping Error = 49
	// InvalidTransactionTimeout: the transaction timeout is above what the broker allows.
	InvalidTransactionTimeout Error = 50
	// ConcurrentTransactions: another operation on this transaction is still in progress.
	ConcurrentTransactions Error = 51
	// TransactionCoordinatorFenced: a newer transaction coordinator has taken over.
	TransactionCoordinatorFenced Error = 52
	// TransactionalIDAuthorizationFailed: no permission for the transactional ID.
	TransactionalIDAuthorizationFailed Error = 53
	// SecurityDisabled: security is switched off on the broker.
	SecurityDisabled Error = 54
	// OperationNotAttempted: nothing was tried; another part of the same request may have failed.
	OperationNotAttempted Error = 55
	// KafkaStorageError: the disk of the log directory failed on the broker.
	KafkaStorageError Error = 56
	// LogDirNotFound: the log directory does not exist on the broker.
	LogDirNotFound Error = 57
	// SaslAuthenticationFailed: the credentials were refused.
	SaslAuthenticationFailed Error = 58
	// UnknownProducerID: the broker remembers nothing of this producer ID.
	UnknownProducerID Error = 59
	// ReassignmentInProgress: a reassignment of the partition is in progress.
	ReassignmentInProgress Error = 60
	// DelegationTokenAuthDisabled: delegation tokens are switched off.
	DelegationTokenAuthDisabled Error = 61
	// DelegationTokenNotFound: the broker does not know this delegation token.
	DelegationTokenNotFound Error = 62
	// DelegationTokenOwnerMismatch: the delegation token belongs to somebody else.
	DelegationTokenOwnerMismatch Error = 63
	// DelegationTokenRequestNotAllowed: delegation tokens cannot be used on this kind of connection.
	DelegationTokenRequestNotAllowed Error = 64
	// DelegationTokenAuthorizationFailed: no permission for the delegation token.
	DelegationTokenAuthorizationFailed Error = 65
	// DelegationTokenExpired: the delegation token has expired.
	DelegationTokenExpired Error = 66
	// InvalidPrincipalType: the type of the principal is not supported.
	InvalidPrincipalType Error = 67
	// NonEmptyGroup: the group still has members.
	NonEmptyGroup Error = 68
	// GroupIDNotFound: there is no group with this ID.
	GroupIDNotFound Error = 69
	// FetchSessionIDNotFound: the broker does not know this fetch session.
	FetchSessionIDNotFound Error = 70
	// InvalidFetchSessionEpoch: the epoch of the fetch session is not the next one.
	InvalidFetchSessionEpoch Error = 71
	// ListenerNotFound: the leader has no listener on which the request came in.
	ListenerNotFound Error = 72
	// TopicDeletionDisabled: deleting topics is switched off on the broker.
	TopicDeletionDisabled Error = 73
	// FencedLeaderEpoch: the leader epoch in the request is older than the broker's.
	FencedLeaderEpoch Error = 74
	// UnknownLeaderEpoch: the leader epoch in the request is newer than the broker's.
	UnknownLeaderEpoch Error = 75
	// UnsupportedCompressionType: a client of this version cannot be given this compression type.
	UnsupportedCompressionType Error = 76
	// StaleBrokerEpoch: the broker epoch has changed.
	StaleBrokerEpoch Error = 77
	// OffsetNotAvailable: the leader has not caught up with the high watermark yet.
	OffsetNotAvailable Error = 78
	// MemberIDRequired: the member has to join again with the ID that it was just given.
	MemberIDRequired Error = 79
	// PreferredLeaderNotAvailable: the preferred leader is not available.
	PreferredLeaderNotAvailable Error = 80
	// GroupMaxSizeReached: the group has as many members as it may have.
	GroupMaxSizeReached Error = 81
	// FencedInstanceID: another member has taken over this group instance ID.
	FencedInstanceID Error = 82
	// EligibleLeadersNotAvailable: no replica is eligible as leader.
	EligibleLeadersNotAvailable Error = 83
	// ElectionNotNeeded: the partition has the leader that was asked for already.
	ElectionNotNeeded Error = 84
	// NoReassignmentInProgress: no reassignment of the partition is in progress.
	NoReassignmentInProgress Error = 85
	// GroupSubscribedToTopic: the group still subscribes to the topic.
	GroupSubscribedToTopic Error = 86
	// InvalidRecord: the broker refused a record.
	InvalidRecord Error = 87
	// UnstableOffsetCommit: offsets of a transaction that is not decided yet stand in the way.
	UnstableOffsetCommit Error = 88
	// ThrottlingQuotaExceeded: the quota on changes is used up for now.
	ThrottlingQuotaExceeded Error = 89
	// ProducerFenced: a newer producer with this transactional ID has taken over.
	ProducerFenced Error = 90
	// ResourceNotFound: the resource asked for does not exist.
	ResourceNotFound Error = 91
	// DuplicateResource: the request names the same resource twice.
	DuplicateResource Error = 92
	// UnacceptableCredential: the new credentials are not acceptable.
	UnacceptableCredential Error = 93
	// InconsistentVoterSet: the voters on both sides differ.
	InconsistentVoterSet Error = 94
	// InvalidUpdateVersion: the version of the update is not valid.
	InvalidUpdateVersion Error = 95
	// FeatureUpdateFailed: the feature could not be changed.
	FeatureUpdateFailed Error = 96
	// PrincipalDeserializationFailure: the forwarded principal could not be read.
	PrincipalDeserializationFailure Error = 97
	// SnapshotNotFound: the snapshot does not exist.
	SnapshotNotFound Error = 98
	// PositionOutOfRange: the position is outside the snapshot.
	PositionOutOfRange Error = 99
	// UnknownTopicID: the broker does not have a topic with this ID.
	UnknownTopicID Error = 100
	// DuplicateBrokerRegistration: the broker ID is registered already.
	DuplicateBrokerRegistration Error = 101
	// BrokerIDNotRegistered: the broker ID is not registered.
	BrokerIDNotRegistered Error = 102
	// InconsistentTopicID: the topic ID in the request differs from the one in the log.
	InconsistentTopicID Error = 103
	// InconsistentClusterID: the cluster ID in the request is not this cluster's.
	InconsistentClusterID Error = 104
	// TransactionalIDNotFound: there is no transaction with this transactional ID.
	TransactionalIDNotFound Error = 105
	// FetchSessionTopicIDError: topic IDs are used in a fetch session without them, or the other way round.
	FetchSessionTopicIDError Error = 106
	// IneligibleReplica: the new in-sync set has a replica that is not eligible.
	IneligibleReplica Error = 107
	// NewLeaderElected: the change made another broker the leader.
	NewLeaderElected Error = 108
	// OffsetMovedToTieredStorage: the offset has moved to tiered storage.
	OffsetMovedToTieredStorage Error = 109
	// FencedMemberEpoch: the member epoch is not the current one, so the member has to join again.
	FencedMemberEpoch Error = 110
	// UnreleasedInstanceID: the member that uses this group instance ID has not left yet.
	UnreleasedInstanceID Error = 111
	// UnsupportedAssignor: the broker does not have this assignor.
	UnsupportedAssignor Error = 112
	// StaleMemberEpoch: the member epoch is not the current one.
	StaleMemberEpoch Error = 113
	// MismatchedEndpointType: the request came to the wrong kind of endpoint, broker instead of controller or the other way round.
	MismatchedEndpointType Error = 114
	// UnsupportedEndpointType: this kind of endpoint is not supported.
	UnsupportedEndpointType Error = 115
	// UnknownControllerID: the controller ID is not known.
	UnknownControllerID Error = 116
	// UnknownSubscriptionID: the telemetry subscription is not the current one.
	UnknownSubscriptionID Error = 117
	// TelemetryTooLarge: the telemetry is larger than the broker accepts.
	TelemetryTooLarge Error = 118
	// InvalidRegistration: the controller refuses the registration.
	InvalidRegistration Error = 119
	// TransactionAbortable: the transaction has to be aborted; its producer may go on afterwards.
	TransactionAbortable Error = 120
	// InvalidRecordState: the record is not in a state that allows this, such as acknowledged already.
	InvalidRecordState Error = 121
	// ShareSessionNotFound: the broker does not know this share session.
	ShareSessionNotFound Error = 122
	// InvalidShareSessionEpoch: the epoch of the share session is not the next one.
	InvalidShareSessionEpoch Error = 123
	// FencedStateEpoch: the state epoch of the share group is older than the newest one.
	FencedStateEpoch Error = 124
	// InvalidVoterKey: the key of the voter is not the one expected.
	InvalidVoterKey Error = 125
	// DuplicateVoter: the voter is in the set already.
	DuplicateVoter Error = 126
	// VoterNotFound: the voter is not in the set.
	VoterNotFound Error = 127
	// InvalidRegularExpression: the regular expression is not valid.
	InvalidRegularExpression Error = 128
	// RebootstrapRequired: the client has to find the cluster anew from its bootstrap addresses.
	RebootstrapRequired Error = 129
	// StreamsInvalidTopology: the topology of the streams group is not valid.
	StreamsInvalidTopology Error = 130
	// StreamsInvalidTopologyEpoch: the epoch of the streams topology is not valid.
	StreamsInvalidTopologyEpoch Error = 131
	// StreamsTopologyFenced: the streams topology is older than the newest one.
	StreamsTopologyFenced Error = 132
	// ShareSessionLimitReached: the broker has as many share sessions as it allows.
	ShareSessionLimitReached Error = 133
	// GroupDeletionFailed: the group could not be deleted.
	GroupDeletionFailed Error = 134
	// StreamsTopologyDescriptionUpdateFailed: the description of the streams topology could not be stored.
	StreamsTopologyDescriptionUpdateFailed Error = 135
	// ControllerIDNotRegistered: the controller ID is not registered.
	ControllerIDNotRegistered Error = 136
)
