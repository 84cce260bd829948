package dev.tanren.activities.model;

import dev.tanren.activities.source.Progress;
import dev.tanren.activities.source.SourceContent;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;

/// Stores a model's files, each looked into first, and `config.json` last, with what the weights
/// tell beyond it.
///
/// @param files by name
/// @param hashes SHA-256 by name; a file that reads otherwise has changed
/// @param prefix where they lie in the store, ending in `/`
record ModelUpload(
        ObjectStore store,
        Transfer transfer,
        SortedMap<String, SourceContent> files,
        SortedMap<String, String> hashes,
        String prefix) {

    /// Lies beside the files of a model with a head of its own that its configuration ties.
    static final String OWN_HEAD = "own-head";

    /// @param where what errors call the model's folder
    /// @throws TanrenException one of [WeightsInspection#REFUSALS], after which the store has none
    ///     of the files; and what [Transfer#put] throws
    void run(Architecture architecture, String where, Progress progress) {
        WeightsInspection inspection = new WeightsInspection(architecture, progress);
        List<String> allButTheLast =
                files.keySet().stream()
                        .filter(name -> !name.equals(HuggingFaceFiles.CONFIGURATION))
                        .toList();
        long done = 0;
        try {
            for (String name : allButTheLast) {
                progress.at("storing", ++done);
                put(name, inspection, progress);
            }
            inspection.requireAll(where);
        } catch (TanrenException e) {
            if (WeightsInspection.REFUSALS.contains(e.code())) {
                // The same bytes are refused whoever imports them, so no other import needs these.
                allButTheLast.forEach(name -> store.delete(prefix + name));
            }
            throw e;
        }
        progress.at("storing", ++done);
        if (!inspection.architecture().equals(architecture)) {
            store.putIfAbsent(prefix + OWN_HEAD, new byte[] {'1'});
        }
        put(HuggingFaceFiles.CONFIGURATION, inspection, progress);
    }

    private void put(String name, WeightsInspection inspection, Progress progress) {
        SourceContent file = Objects.requireNonNull(files.get(name));
        ObjectStore.StoredObject stored =
                transfer.put(
                        prefix + name,
                        file,
                        bytes -> {
                            if (name.endsWith(".safetensors")) {
                                inspection.look(bytes, file.where());
                            }
                        },
                        progress);
        if (!stored.sha256().equals(hashes.get(name))) {
            store.delete(prefix + name);
            throw file.changed();
        }
    }
}
