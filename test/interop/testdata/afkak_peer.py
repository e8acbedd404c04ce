"""Afkak, to be told what to do. The argument is the bootstrap host."""

import sys
import threading

import afkak
from afkak.common import OffsetCommitRequest, OffsetFetchRequest
from twisted.internet import defer, reactor, threads

import peer

patience = 30  # seconds
codecs = {"none": afkak.CODEC_NONE, "gzip": afkak.CODEC_GZIP, "snappy": afkak.CODEC_SNAPPY}
client = None


def in_reactor(function):
    """Have function, which may return a Deferred, run where Twisted does, and wait for it."""

    def run(args):
        return defer.maybeDeferred(function, **args).addTimeout(patience, reactor)

    return lambda **args: threads.blockingCallFromThread(reactor, run, args)


def connect():
    global client
    client = afkak.KafkaClient(sys.argv[1], clientId="interop")


def only(partition):
    """A partitioner class that knows one partition."""

    class Only(afkak.RoundRobinPartitioner):
        def partition(self, key, partitions):
            return partition

    return Only


@defer.inlineCallbacks
def produce(topic, partition, codec, records):
    """Write records, to one partition or, without one, where their keys belong."""
    producer = afkak.Producer(
        client,
        partitioner_class=afkak.HashedPartitioner if partition is None else only(partition),
        req_acks=afkak.common.PRODUCER_ACK_ALL_REPLICAS,
        codec=codecs[codec],
        batch_send=True,  # so that they share one message set
        batch_every_n=len(records),
        batch_every_b=0,
        batch_every_t=0,
    )
    sent = [
        producer.send_messages(topic, key=peer.unpack(rec["key"]), msgs=[peer.unpack(rec["value"])])
        for rec in records
    ]
    try:
        responses = yield defer.gatherResults(sent, consumeErrors=True)
    finally:
        yield producer.stop()
    defer.returnValue([response.partition for response in responses])


def consume(topic, partition, count):
    """Read the partition's first records."""
    return read(topic, partition, count, afkak.OFFSET_EARLIEST)


def consume_group(topic, partition, count, group):
    """Read on where the group is, commit as Afkak does: the last record's offset."""
    return read(
        topic, partition, count, afkak.OFFSET_COMMITTED,
        consumer_group=group, auto_commit_every_n=count, auto_commit_every_ms=0,
    )


@defer.inlineCallbacks
def read(topic, partition, count, start, **group):
    records = []
    ending = []

    def process(consumer, messages):
        records.extend(messages)
        done = defer.Deferred()
        if len(records) >= count and not ending:
            # As soon as this block counts as processed: commit, if there is a group, and stop.
            reactor.callLater(0, lambda: ending.append(consumer.shutdown()))
        reactor.callLater(0, done.callback, None)
        return done

    consumer = afkak.Consumer(
        client, topic, partition, process,
        fetch_size_bytes=1, fetch_max_wait_time=200,
        # Kafka 3.9.2 answers with nothing at all where 2.8.2 cuts off a batch that does not fit,
        # so the buffer of 128 KiB would never grow.
        buffer_size=2**20,
        **group
    )
    started = consumer.start(start)
    # A shutdown cancels the fetch that is under way, which may look like a failure of it.
    started.addErrback(lambda failure: None if ending else failure)
    yield started
    yield ending[0]
    defer.returnValue([to_json(rec) for rec in records])


def to_json(rec):
    return {
        "offset": rec.offset,
        "key": peer.pack(rec.message.key),
        "value": peer.pack(rec.message.value),
        "headers": None,
        "timestamp": 0,
    }


@defer.inlineCallbacks
def commit(topic, partition, group, offset, metadata):
    """Commit an offset as it is given."""
    yield client.send_offset_commit_request(
        group, [OffsetCommitRequest(topic, partition, offset, -1, metadata.encode("utf-8"))]
    )


@defer.inlineCallbacks
def committed(topic, partition, group):
    """Read back what is committed, as it is."""
    responses = yield client.send_offset_fetch_request(group, [OffsetFetchRequest(topic, partition)])
    defer.returnValue({"offset": responses[0].offset, "metadata": responses[0].metadata.decode("utf-8")})


threading.Thread(target=reactor.run, kwargs={"installSignalHandlers": False}, daemon=True).start()
threads.blockingCallFromThread(reactor, connect)
peer.serve(
    {
        "produce": in_reactor(produce),
        "consume": in_reactor(consume),
        "consume_group": in_reactor(consume_group),
        "commit": in_reactor(commit),
        "committed": in_reactor(committed),
    }
)
threads.blockingCallFromThread(reactor, lambda: defer.maybeDeferred(client.close))
reactor.callFromThread(reactor.stop)
