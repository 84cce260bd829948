package dev.tanren.activities.dataset.internal;

import dev.tanren.activities.source.Progress;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.objects.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Drops exact duplicates, then scores and tokenises documents on several threads while the caller
/// reads on. At most a few batches are in memory at once.
public final class Tokenisation implements AutoCloseable {

    private static final int BATCH_CHARACTERS = 1 << 18;

    private final TextTokenizer tokenizer;
    private final boolean score;
    private final Spill spill;
    private final Progress progress;
    private final ExecutorService executor;
    private final int maximumBatches;
    private final Deque<Future<List<Encoded>>> running = new ArrayDeque<>();
    private final Set<Hash> seen = new HashSet<>();
    private final List<TokenisedDocument> documents = new ArrayList<>();
    private List<Text> batch = new ArrayList<>();
    private long batchCharacters;
    private long duplicates;

    /// @param score whether documents are scored; else every score is 1
    public Tokenisation(
            TextTokenizer tokenizer, boolean score, Spill spill, int threads, Progress progress) {
        this.tokenizer = tokenizer;
        this.score = score;
        this.spill = spill;
        this.progress = progress;
        this.maximumBatches = 2 * threads + 1;
        this.executor =
                Executors.newFixedThreadPool(
                        threads, Thread.ofPlatform().name("tokenise-", 0).daemon().factory());
    }

    /// Takes the next document.
    public void add(String text) {
        ByteBuffer digest = ByteBuffer.wrap(Sha256.digest(text.getBytes(StandardCharsets.UTF_8)));
        Hash hash = new Hash(digest.getLong(), digest.getLong());
        if (!seen.add(hash)) {
            duplicates++;
            return;
        }
        batch.add(new Text(hash, text));
        batchCharacters += text.length();
        if (batchCharacters >= BATCH_CHARACTERS) {
            submit();
        }
    }

    /// Waits for all documents and gives them in the order in which they came.
    public List<TokenisedDocument> finish() {
        submit();
        while (!running.isEmpty()) {
            collect();
        }
        return documents;
    }

    public long duplicates() {
        return duplicates;
    }

    private void submit() {
        List<Text> texts = batch;
        batch = new ArrayList<>();
        batchCharacters = 0;
        while (running.size() >= maximumBatches) {
            collect();
        }
        running.add(executor.submit(() -> texts.stream().map(this::encode).toList()));
    }

    private Encoded encode(Text text) {
        return new Encoded(
                text.hash(),
                score ? HeuristicQuality.score(text.text()) : 1,
                tokenizer.encode(text.text()));
    }

    private void collect() {
        for (Encoded encoded : result(running.remove())) {
            int[] tokens = encoded.tokens();
            if (tokens.length > 0) {
                Hash hash = encoded.hash();
                documents.add(
                        new TokenisedDocument(
                                hash.high(),
                                hash.low(),
                                encoded.score(),
                                spill.add(tokens),
                                tokens.length));
            }
        }
        progress.at("tokenising", documents.size());
    }

    private static List<Encoded> result(Future<List<Encoded>> batch) {
        try {
            return batch.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TanrenException(
                    ErrorCode.RANK_PREEMPTED,
                    "the worker stops",
                    "preparing a dataset",
                    "It begins anew on another worker.",
                    e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof TanrenException coded) {
                throw coded;
            }
            throw new TanrenException(
                    ErrorCode.INTERNAL,
                    "tokenising failed: " + e.getCause(),
                    "preparing a dataset",
                    "Report this with the log.",
                    e);
        }
    }

    @Override
    public void close() {
        executor.shutdownNow();
        executor.close();
    }

    private record Hash(long high, long low) {}

    private record Text(Hash hash, String text) {}

    // An array on purpose: it goes to the spill as it is.
    @SuppressWarnings("ArrayRecordComponent")
    private record Encoded(Hash hash, double score, int[] tokens) {}
}
