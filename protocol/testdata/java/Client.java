import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/** Uses most of what Kafka's own client (2.8 or later) can do, once, against the broker given as argument. */
public class Client {
    static String broker;

    public static void main(String[] args) throws Exception {
        broker = args[0];
        try (Admin admin = Admin.create(config())) {
            admin.createTopics(List.of(new NewTopic("golden", 2, (short) 1).configs(Map.of("retention.ms", "3600000")))).all().get();
            admin.createPartitions(Map.of("golden", NewPartitions.increaseTo(3))).all().get();
            admin.describeCluster().nodes().get();
            ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "golden");
            admin.incrementalAlterConfigs(Map.of(topic,
                List.of(new AlterConfigOp(new ConfigEntry("retention.bytes", "1000000"), AlterConfigOp.OpType.SET)))).all().get();
            produce();
            transact();
            consume();
            admin.listTopics().names().get();
            admin.listConsumerGroups().all().get();
            admin.describeConsumerGroups(List.of("golden-group")).all().get();
            admin.listConsumerGroupOffsets("golden-group").partitionsToOffsetAndMetadata().get();
            admin.deleteRecords(Map.of(new TopicPartition("golden", 0), RecordsToDelete.beforeOffset(1))).all().get();
            admin.deleteConsumerGroups(List.of("golden-group")).all().get();
            admin.deleteTopics(List.of("golden")).all().get();
        }
    }

    static Properties config(String... more) {
        Properties p = new Properties();
        p.put("bootstrap.servers", broker);
        p.put("client.id", "golden-client");
        p.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        p.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        p.put("key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
        p.put("value.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
        for (int i = 0; i < more.length; i += 2)
            p.put(more[i], more[i + 1]);
        return p;
    }

    static void produce() throws Exception {
        try (KafkaProducer<String, String> p = new KafkaProducer<>(config("acks", "all", "enable.idempotence", "true"))) {
            for (int i = 0; i < 3; i++)
                p.send(new ProducerRecord<>("golden", 0, "key" + i, "value" + i)).get();
        }
    }

    static void transact() throws Exception {
        try (KafkaProducer<String, String> p = new KafkaProducer<>(config("transactional.id", "golden-txn"))) {
            p.initTransactions();
            p.beginTransaction();
            p.send(new ProducerRecord<>("golden", 1, "key", "committed"));
            p.sendOffsetsToTransaction(Map.of(new TopicPartition("golden", 0), new OffsetAndMetadata(2, "meta")),
                new ConsumerGroupMetadata("golden-group"));
            p.commitTransaction();
            p.beginTransaction();
            p.send(new ProducerRecord<>("golden", 1, "key", "aborted")).get();
            p.abortTransaction();
        }
    }

    static void consume() throws Exception {
        TopicPartition partition = new TopicPartition("golden", 0);
        try (KafkaConsumer<String, String> c = new KafkaConsumer<>(config("group.id", "golden-group",
            "auto.offset.reset", "earliest", "isolation.level", "read_committed", "fetch.max.wait.ms", "100"))) {
            c.subscribe(List.of("golden"));
            for (int n = 0; n < 2; )
                n += c.poll(Duration.ofMillis(200)).count();
            c.commitSync(Map.of(partition, new OffsetAndMetadata(3, "meta")));
            c.committed(Set.of(partition));
            c.offsetsForTimes(Map.of(partition, 0L));
            c.endOffsets(Set.of(partition));
        }
    }
}
