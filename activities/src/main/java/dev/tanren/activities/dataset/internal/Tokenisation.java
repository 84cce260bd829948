package dev.tanren.activities.dataset.internal;

import dev.tanren.activities.dataset.internal.text.LongText;
import dev.tanren.activities.dataset.internal.text.TextPieces;
import dev.tanren.activities.source.Progress;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.Sha256;
import java.io.IOException;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Drops exact duplicates, then scores and tokenises documents on several threads while the caller
/// reads on. At most a few batches are in memory at once.
public final class Tokenisation implements DocumentReader.Sink, AutoCloseable {

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
    private final SourceCounts[] sources;
    private int source;
    private long textBytes;

    /// @param sourceCount of the dataset
    /// @param score whether documents are scored; else every score is 1
    public Tokenisation(
            TextTokenizer tokenizer,
            int sourceCount,
            boolean score,
            Spill spill,
            int threads,
            Progress progress) {
        this.sources = SourceCounts.of(sourceCount);
        this.tokenizer = tokenizer;
        this.score = score;
        this.spill = spill;
        this.progress = progress;
        this.maximumBatches = 2 * threads + 1;
        this.executor =
                Executors.newFixedThreadPool(
                        threads, Thread.ofPlatform().name("tokenise-", 0).daemon().factory());
    }

    @Override
    public void begin(SourceFile file) {
        source = file.source();
        sources[source].file(file.bytes());
    }

    @Override
    public void blank() {
        sources[source].dropped();
    }

    @Override
    public void take(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        textBytes += bytes.length;
        Hash hash = Hash.of(Sha256.digest(bytes));
        if (!isNew(hash)) {
            return;
        }
        batch.add(new Text(hash, text, source));
        batchCharacters += text.length();
        if (batchCharacters >= BATCH_CHARACTERS) {
            submit();
        }
    }

    /// Takes a long document on the caller's thread, a piece at a time, so that one such piece is
    /// in the tokenizer's memory at once.
    @Override
    public void take(LongText text, String where) {
        Hash hash = Hash.of(HexFormat.of().parseHex(text.sha256()));
        if (!isNew(hash)) {
            return;
        }
        // Its tokens lie in one stretch of the spill.
        collectAll();
        double quality =
                score ? HeuristicQuality.score(text.beginning(HeuristicQuality.BEGINNING)) : 1;
        try (Reader in = text.open()) {
            add(hash, quality, new TextPieces(in, tokenizer.cuts()));
        } catch (TextPieces.NoCutException e) {
            throw new TanrenException(
                    ErrorCode.SOURCE_UNREADABLE,
                    "the document has a stretch of more than "
                            + e.most()
                            + " characters that the tokenizer has to take at once: it may be cut"
                            + " only where that changes no token, as between most words",
                    where,
                    "Split the document into several; docs/data.md says which tokenizers take"
                            + " long ones.",
                    e);
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SCRATCH_FULL,
                    "a long document cannot be read back from scratch disk: " + e,
                    text.file().toString(),
                    "Look after the disk of the worker's scratch folder.",
                    e);
        }
    }

    private void add(Hash hash, double quality, TextPieces pieces) throws IOException {
        long offset = spill.tokens();
        Optional<String> piece = pieces.next();
        while (piece.isPresent()) {
            Optional<String> after = pieces.next();
            spill.add(tokenizer.encode(piece.get(), after.isEmpty()));
            textBytes += piece.get().length();
            progress.at("tokenising", documents.size(), textBytes);
            piece = after;
        }
        long length = spill.tokens() - offset;
        documents.add(
                new TokenisedDocument(
                        hash.high(), hash.low(), quality, offset, Math.toIntExact(length), source));
    }

    private boolean isNew(Hash hash) {
        boolean added = seen.add(hash);
        if (!added) {
            sources[source].duplicate();
        }
        return added;
    }

    /// Waits for all documents and gives them in the order in which they came.
    public List<TokenisedDocument> finish() {
        collectAll();
        return documents;
    }

    private void collectAll() {
        submit();
        while (!running.isEmpty()) {
            collect();
        }
    }

    /// What was met of each source so far.
    public List<SourceCounts> sources() {
        return List.of(sources);
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
                text.source(),
                score ? HeuristicQuality.score(text.text()) : 1,
                tokenizer.encode(text.text()));
    }

    private void collect() {
        for (Encoded encoded : result(running.remove())) {
            int[] tokens = encoded.tokens();
            if (tokens.length == 0) {
                sources[encoded.source()].dropped();
            } else {
                Hash hash = encoded.hash();
                documents.add(
                        new TokenisedDocument(
                                hash.high(),
                                hash.low(),
                                encoded.score(),
                                spill.add(tokens),
                                tokens.length,
                                encoded.source()));
            }
        }
        progress.at("tokenising", documents.size(), textBytes);
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

    private record Hash(long high, long low) {
        private static Hash of(byte[] sha256) {
            ByteBuffer digest = ByteBuffer.wrap(sha256);
            return new Hash(digest.getLong(), digest.getLong());
        }
    }

    private record Text(Hash hash, String text, int source) {}

    // An array on purpose: it goes to the spill as it is.
    @SuppressWarnings("ArrayRecordComponent")
    private record Encoded(Hash hash, int source, double score, int[] tokens) {}
}
