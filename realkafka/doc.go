// Package realkafka starts real Apache Kafka, of any release from 0.8.0 to the
// newest, out of the artifacts that Maven publishes: no Docker, no
// installation. It is made for tests.
//
//	cluster, err := realkafka.Start(ctx, realkafka.Config{Version: "2.8.2", Brokers: 3})
//	if err != nil {
//		return err
//	}
//	defer cluster.Close()
//	use(cluster.Addrs())
//
// It needs a Java runtime (17 is what every release was tried on) and, the
// first time a release is started, Maven and a network; [Available] says what
// is missing. The jars are kept in a cache folder, see [CacheDir].
//
// A [Cluster] lives in a temporary folder and listens on free ports of
// 127.0.0.1 only. A broker can be killed, stopped, paused, restarted, and moved
// to another port, and brokers of several releases may form one cluster.
//
// # Nothing is left behind
//
// Close kills every process and removes the folder. Should the program that
// started them die without it, by a panic, by SIGINT or by SIGKILL, then its
// processes die too: on Linux the kernel kills them (PR_SET_PDEATHSIG), and on
// every Unix a small shell process which waits for the program's end kills what
// is left and removes the folder. On Windows there is neither: close what you
// start there.
//
// The package imports nothing but the standard library, and speaks no more of
// Kafka's protocol than a metadata request, by which it sees that a broker is
// ready.
package realkafka
