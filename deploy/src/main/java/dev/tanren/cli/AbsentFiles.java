package dev.tanren.cli;

import dev.tanren.plan.ModelSource;
import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.validation.Problem;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The `file:` addresses of a plan at which this machine has nothing.
///
/// Workers on another machine may have it, so a plan with such an address is none that is wrong;
/// but those of this user's own stack see what this machine has.
///
/// @param addresses by their place in the plan, such as `datasets.code.sources[0].uri`
record AbsentFiles(PlanFile file, Map<String, String> addresses) {

    private static final String SCHEME = "file:";

    static AbsentFiles of(PlanFile file, Plan plan) {
        Map<String, String> addresses = all(plan);
        addresses
                .values()
                .removeIf(address -> !address.startsWith(SCHEME) || isThere(file, address));
        return new AbsentFiles(file, addresses);
    }

    private static Map<String, String> all(Plan plan) {
        Map<String, String> addresses = new LinkedHashMap<>();
        switch (plan.model()) {
            case ModelSource.Base base -> addresses.put("model.base", base.uri());
            case ModelSource.Fresh fresh -> {
                if (fresh.tokenizer() != null) {
                    addresses.put("model.tokenizer", fresh.tokenizer());
                }
            }
        }
        plan.datasets()
                .forEach(
                        (name, dataset) -> {
                            for (int i = 0; i < dataset.sources().size(); i++) {
                                addresses.put(
                                        "datasets." + name + ".sources[" + i + "].uri",
                                        dataset.sources().get(i).uri());
                            }
                        });
        return addresses;
    }

    /// What a person is told of them who checks the plan.
    List<Problem> advice() {
        List<Problem> advice = new ArrayList<>();
        List<String> lines = file.text().lines().toList();
        addresses.forEach(
                (path, address) -> {
                    int line = 0;
                    while (line < lines.size() && !lines.get(line).contains(address)) {
                        line++;
                    }
                    int column = line < lines.size() ? lines.get(line).indexOf(address) : 0;
                    advice.add(
                            new Problem(
                                    ErrorCode.SOURCE_MISSING,
                                    line < lines.size() ? line + 1 : 1,
                                    column + 1,
                                    path,
                                    address,
                                    "something that is there; this machine has nothing at that address",
                                    null,
                                    "Put it there, or see that the workers have it."));
                });
        return advice;
    }

    /// @throws TanrenException `SOURCE_MISSING` where there is one: a run would fail with it
    void requireNone() {
        addresses.entrySet().stream()
                .findFirst()
                .ifPresent(
                        absent -> {
                            throw new TanrenException(
                                    ErrorCode.SOURCE_MISSING,
                                    absent.getKey()
                                            + " names nothing that this machine has: "
                                            + absent.getValue(),
                                    file.file().toString(),
                                    "Correct the address, or put the file there; nothing was"
                                            + " submitted.");
                        });
    }

    private static boolean isThere(PlanFile file, String address) {
        String path = address.substring(SCHEME.length());
        try {
            return Files.exists(
                    file.file().resolveSibling(path.startsWith("//") ? path.substring(2) : path));
        } catch (InvalidPathException e) {
            return false;
        }
    }
}
