"""kafka-python, to be told what to do. The argument is the bootstrap host."""

import sys
import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

import peer

hosts = sys.argv[1]
patience = 30  # seconds


def produce(topic, partition, codec, records):
    """Write records, to one partition or, without one, where their keys belong."""
    producer = KafkaProducer(
        bootstrap_servers=hosts,
        acks="all",
        compression_type=None if codec == "none" else codec,
        linger_ms=100,  # so that they share batches
        batch_size=256 * 1024,
        max_request_size=1024 * 1024,
    )
    try:
        futures = []
        for rec in records:
            headers = [(h["Key"], peer.unpack(h["Value"])) for h in rec["headers"] or []]
            futures.append(
                producer.send(
                    topic,
                    partition=partition,
                    key=peer.unpack(rec["key"]),
                    value=peer.unpack(rec["value"]),
                    headers=headers or None,
                    timestamp_ms=rec["timestamp"] or None,
                )
            )
        producer.flush(timeout=patience)
        return [future.get(timeout=patience).partition for future in futures]
    finally:
        producer.close(timeout=patience)


def consume(topic, partition, count):
    """Read the partition's first records."""
    return read(topic, partition, count, None)


def consume_group(topic, partition, count, group):
    """Read on where the group is, and commit behind the last record."""
    return read(topic, partition, count, group)


def read(topic, partition, count, group):
    consumer = KafkaConsumer(
        bootstrap_servers=hosts,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        where = TopicPartition(topic, partition)
        consumer.assign([where])
        records = []
        deadline = time.monotonic() + patience
        while len(records) < count:
            if time.monotonic() > deadline:
                raise TimeoutError("{} of {} records".format(len(records), count))
            polled = consumer.poll(timeout_ms=500, max_records=count - len(records))
            records.extend(polled.get(where, []))
        if group is not None:
            consumer.commit()  # the position: the offset of the next record
        return [to_json(rec) for rec in records]
    finally:
        consumer.close()


def to_json(rec):
    return {
        "offset": rec.offset,
        "key": peer.pack(rec.key),
        "value": peer.pack(rec.value),
        "headers": [{"Key": key, "Value": peer.pack(value)} for key, value in rec.headers or []],
        "timestamp": rec.timestamp if rec.timestamp is not None and rec.timestamp >= 0 else 0,
    }


def commit(topic, partition, group, offset, metadata):
    """Commit an offset as it is given."""
    consumer = KafkaConsumer(bootstrap_servers=hosts, group_id=group, enable_auto_commit=False)
    try:
        where = TopicPartition(topic, partition)
        consumer.assign([where])
        consumer.commit({where: OffsetAndMetadata(offset, metadata, -1)})
    finally:
        consumer.close()


def committed(topic, partition, group):
    """Read back what is committed, as it is."""
    consumer = KafkaConsumer(bootstrap_servers=hosts, group_id=group, enable_auto_commit=False)
    try:
        found = consumer.committed(TopicPartition(topic, partition), metadata=True)
        return {"offset": found.offset, "metadata": found.metadata}
    finally:
        consumer.close()


member = None  # of a group, while it is in one


def join(topic, group):
    """Become a member of a group, which hold and take have it take part in."""
    global member
    member = KafkaConsumer(
        topic,
        bootstrap_servers=hosts,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        heartbeat_interval_ms=1000,
    )


def hold(count):
    """Take part until the group has given us so many partitions."""
    deadline = time.monotonic() + patience
    while len(member.assignment()) != count:
        if time.monotonic() > deadline:
            raise TimeoutError("{} of {} partitions".format(len(member.assignment()), count))
        if member.poll(timeout_ms=200):
            raise ValueError("nothing was written yet")


def take(count):
    """Read that many messages, and commit."""
    values = []
    deadline = time.monotonic() + patience
    while len(values) < count:
        if time.monotonic() > deadline:
            raise TimeoutError("{} of {} messages".format(len(values), count))
        for records in member.poll(timeout_ms=200).values():
            values.extend(rec.value.decode() for rec in records)
    member.commit()
    return values


def leave():
    """Leave the group."""
    member.close()


peer.serve(
    {
        "produce": produce,
        "consume": consume,
        "consume_group": consume_group,
        "commit": commit,
        "committed": committed,
        "join": join,
        "hold": hold,
        "take": take,
        "leave": leave,
    }
)
