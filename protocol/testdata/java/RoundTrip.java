import java.io.*;
import java.nio.ByteBuffer;
import java.util.*;
import org.apache.kafka.common.protocol.*;

/**
 * Reads lines "TYPE VERSION HEX" from standard input, decodes the bytes with the message class of the kafka-clients jar
 * on the class path and encodes them again. Prints for each line "same", "other HEX", "error TEXT", or "absent" if the
 * jar does not have the type or the version.
 */
public class RoundTrip {
    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out));
        for (String line; (line = in.readLine()) != null; ) {
            String[] parts = line.split(" ", -1);
            try {
                out.println(check(parts[0], Short.parseShort(parts[1]), parts[2]));
            } catch (Throwable e) {
                out.println("error " + e.toString().replace('\n', ' '));
            }
        }
        out.flush();
    }

    static String check(String type, short version, String hex) throws Exception {
        Message m = message(type);
        if (m == null || version < m.lowestSupportedVersion() || version > m.highestSupportedVersion())
            return "absent";
        ByteBuffer bytes = ByteBuffer.wrap(HexFormat.of().parseHex(hex));
        m.read(new ByteBufferAccessor(bytes), version);
        if (bytes.hasRemaining())
            return "error " + bytes.remaining() + " bytes left over";
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer again = ByteBuffer.allocate(m.size(cache, version));
        m.write(new ByteBufferAccessor(again), cache, version);
        String got = HexFormat.of().formatHex(again.array());
        return got.equals(hex) ? "same" : "other " + got;
    }

    static Message message(String type) throws Exception {
        for (String suffix : new String[] {"Data", ""}) {
            try {
                return (Message) Class.forName("org.apache.kafka.common.message." + type + suffix).getConstructor().newInstance();
            } catch (ClassNotFoundException e) {
                continue;
            }
        }
        return null;
    }
}
