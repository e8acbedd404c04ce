import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;

/** What Kafka's own client of 0.9 can do, once, against the broker given as argument. */
public class OldClient {
    public static void main(String[] args) throws Exception {
        Properties p = new Properties();
        p.put("bootstrap.servers", args[0]);
        p.put("client.id", "golden-client");
        p.put("group.id", "golden-group");
        p.put("acks", "all");
        p.put("auto.offset.reset", "earliest");
        p.put("enable.auto.commit", "false");
        p.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        p.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        p.put("key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
        p.put("value.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(p)) {
            for (int i = 0; i < 3; i++)
                producer.send(new ProducerRecord<>("golden", 0, "key" + i, "value" + i)).get();
        }
        TopicPartition partition = new TopicPartition("golden", 0);
        try (KafkaConsumer<String, String> c = new KafkaConsumer<>(p)) {
            c.subscribe(Arrays.asList("golden"));
            for (int n = 0; n < 3; )
                n += c.poll(200).count();
            c.commitSync(Collections.singletonMap(partition, new OffsetAndMetadata(3, "meta")));
            c.committed(partition);
        }
    }
}
