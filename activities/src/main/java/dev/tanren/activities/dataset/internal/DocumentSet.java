package dev.tanren.activities.dataset.internal;

import dev.tanren.activities.dataset.internal.text.DocumentLimits;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.tokens.DatasetManifest;
import dev.tanren.storage.tokens.TokenShardWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Prepares a dataset of text documents.
///
/// A document is held out where the hash of its text, as a number below 1, is below `holdout`; at
/// least one is, and at least one is not, as soon as there are two. The others are ranked by their
/// score and cut into tiers of equally many documents. Inside a tier they lie in the order of their
/// hashes or, where the plan says `order: sequential`, of the sources; in the held-out set in the
/// order of their hashes.
public final class DocumentSet {

    private final ShardTarget target;
    private final int threads;

    public DocumentSet(ShardTarget target, int threads) {
        this.target = target;
        this.threads = threads;
    }

    public DatasetManifest prepare(
            String name, Dataset dataset, List<SourceFile> files, TextTokenizer tokenizer) {
        long started = System.nanoTime();
        boolean score = dataset.quality().scorer() == Dataset.Scorer.HEURISTIC;
        try (Spill spill = new Spill(target.scratch().resolve("spill"));
                Tokenisation tokenisation =
                        new Tokenisation(
                                tokenizer,
                                dataset.sources().size(),
                                score,
                                spill,
                                threads,
                                target.progress())) {
            DocumentReader reader = new DocumentReader(DocumentLimits.STANDARD, target.scratch());
            files.forEach(file -> reader.read(file, tokenisation));
            List<TokenisedDocument> documents = new ArrayList<>(tokenisation.finish());
            if (documents.isEmpty()) {
                throw new TanrenException(
                        ErrorCode.SOURCE_EMPTY,
                        "none of its " + files.size() + " files holds any text",
                        "dataset " + name,
                        "Give it sources with text.");
            }
            documents.sort(TokenisedDocument.BY_HASH);
            int heldOut = heldOut(documents, dataset.holdout());
            for (int at = 0; at < documents.size(); at++) {
                TokenisedDocument document = documents.get(at);
                tokenisation.sources().get(document.source()).kept(document.length(), at < heldOut);
            }
            // The order in a tier: of the sources where the plan wants it, else of the hashes.
            Comparator<TokenisedDocument> order =
                    dataset.order() == Dataset.Order.SEQUENTIAL
                            ? TokenisedDocument.AS_READ
                            : TokenisedDocument.BY_HASH;
            Shards shards =
                    new Shards(spill, TokenShardWriter.bytesPerToken(tokenizer.vocabSize()), order);
            List<DatasetManifest.Shard> held =
                    shards.store("heldout", Dataset.Tier.GOLD.key(), documents.subList(0, heldOut));
            List<DatasetManifest.Shard> training =
                    shards.storeTiers(
                            documents.subList(heldOut, documents.size()),
                            dataset.quality().tiers());
            return new DatasetManifest(
                    DatasetManifest.VERSION,
                    name,
                    target.contentHash(),
                    tokenizer.vocabSize(),
                    true,
                    training,
                    held,
                    SourceCounts.statistics(
                            tokenisation.sources(),
                            dataset.sources(),
                            (System.nanoTime() - started) / 1e9));
        }
    }

    /// How many of the documents, which lie in the order of their hashes, are held out.
    static int heldOut(List<TokenisedDocument> documents, double holdout) {
        if (holdout <= 0 || documents.size() < 2) {
            return 0;
        }
        int below = 0;
        while (below < documents.size() && documents.get(below).fraction() < holdout) {
            below++;
        }
        return Math.clamp(below, 1, documents.size() - 1);
    }

    private final class Shards {
        private final Spill spill;
        private final int bytesPerToken;
        private final Comparator<TokenisedDocument> order;

        private Shards(Spill spill, int bytesPerToken, Comparator<TokenisedDocument> order) {
            this.order = order;
            this.spill = spill;
            this.bytesPerToken = bytesPerToken;
        }

        private List<DatasetManifest.Shard> storeTiers(
                List<TokenisedDocument> documents, int tiers) {
            List<TokenisedDocument> ranked = new ArrayList<>(documents);
            ranked.sort(TokenisedDocument.BEST_FIRST);
            List<DatasetManifest.Shard> shards = new ArrayList<>();
            for (int tier = 0; tier < tiers; tier++) {
                int from = (int) ((long) ranked.size() * tier / tiers);
                int to = (int) ((long) ranked.size() * (tier + 1) / tiers);
                List<TokenisedDocument> part = new ArrayList<>(ranked.subList(from, to));
                part.sort(order);
                String key = List.of(Dataset.Tier.values()).get(tier).key();
                shards.addAll(store(key, key, part));
            }
            return shards;
        }

        private List<DatasetManifest.Shard> store(
                String object, String tier, List<TokenisedDocument> documents) {
            ShardUpload upload = target.upload(object, tier, bytesPerToken);
            for (TokenisedDocument document : documents) {
                upload.add(
                        document.length(),
                        (from, length) -> spill.read(document.offset() + from, length));
            }
            return upload.finish();
        }
    }
}
