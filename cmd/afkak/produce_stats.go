package main

import (
	"fmt"
	"io"

	"github.com/afkak-go/afkak"
)

// writeStats says how the records of a run went, and what each broker did.
func writeStats(w io.Writer, stats afkak.ProducerStats) {
	fmt.Fprintf(w, "stored   %s in %s of %.1f on average, %.0f%% full\n",
		plural(stats.Sent, "record", "records"), plural(stats.Batches, "batch", "batches"), stats.RecordsPerBatch(), 100*stats.BatchFill())
	fmt.Fprintf(w, "bytes    %s, %s sent, compression %.2f\n", size(stats.BatchBytes), size(stats.WireBytes), stats.CompressionRatio())
	fmt.Fprintf(w, "trouble  %s failed, %s sent again, %s, throttled for %s\n",
		count(stats.Failed), count(stats.Retried), plural(stats.Splits, "batch split", "batches split"), latency(stats.Throttled))
	for _, b := range stats.Brokers {
		fmt.Fprintf(w, "broker   %d (%s): %s, median %s, 99%% %s, slowest %s; %s without answer\n",
			b.Broker, b.Addr, plural(b.Latency.Count, "answer", "answers"),
			latency(b.Latency.Quantile(0.5)), latency(b.Latency.Quantile(0.99)), latency(b.Latency.Quantile(1)), plural(b.Lost, "request", "requests"))
	}
}
