package dev.tanren.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The arrows of docs/architecture.md: a module knows what stands to its left, and nothing else of
/// ours.
class ArchitectureTest {

    private static final Path ROOT = Path.of(System.getProperty("tanren.root"));

    /// Folder of each module, and the packages of ours that it may use beside its own.
    private static final Map<String, Module> MODULES =
            Map.of(
                    "plan", new Module("plan", List.of()),
                    "storage", new Module("storage", List.of("plan")),
                    "launch", new Module("model-runtime/launch", List.of("plan", "storage")),
                    "trainer",
                            new Module(
                                    "model-runtime/trainer", List.of("plan", "storage", "launch")),
                    "inference",
                            new Module(
                                    "model-runtime/inference",
                                    List.of("plan", "storage", "launch")),
                    "workflows", new Module("workflows", List.of("plan")),
                    "activities",
                            new Module(
                                    "activities",
                                    List.of("plan", "storage", "launch", "workflows")),
                    "controlplane",
                            new Module("control-plane", List.of("plan", "storage", "workflows")),
                    "deploy", new Module("deploy", List.of("plan", "storage", "launch", "cli")),
                    "cli", new Module("deploy", List.of("plan", "launch", "deploy")));

    private static JavaClasses classes = new ClassFileImporter().importPackages();

    private record Module(String folder, List<String> uses) {}

    @BeforeAll
    static void importsTheBuiltClasses() {
        classes =
                new ClassFileImporter()
                        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                        .importPaths(
                                MODULES.values().stream()
                                        .map(
                                                module ->
                                                        ROOT.resolve(module.folder())
                                                                .resolve("target/classes"))
                                        .distinct()
                                        .toArray(Path[]::new));
    }

    @Test
    void everyModuleHasClasses() {
        assertThat(MODULES.keySet())
                .allSatisfy(
                        name ->
                                assertThat(classes.containPackage("dev.tanren." + name))
                                        .as("classes of %s", name)
                                        .isTrue());
    }

    @Test
    void arrowsPointOneWayOnly() {
        MODULES.forEach(
                (name, module) -> {
                    String[] forbidden =
                            MODULES.keySet().stream()
                                    .filter(
                                            other ->
                                                    !other.equals(name)
                                                            && !module.uses().contains(other))
                                    .map(other -> "dev.tanren." + other + "..")
                                    .toArray(String[]::new);
                    noClasses()
                            .that()
                            .resideInAPackage("dev.tanren." + name + "..")
                            .should()
                            .dependOnClassesThat()
                            .resideInAnyPackage(forbidden)
                            .check(classes);
                });
    }

    @Test
    void internalPackagesAreUsedByTheirOwnModuleAlone() {
        List<String> violations =
                classes.stream()
                        .filter(type -> type.getPackageName().startsWith("dev.tanren."))
                        .flatMap(
                                type ->
                                        type.getDirectDependenciesFromSelf().stream()
                                                .map(dependency -> dependency.getTargetClass())
                                                .filter(
                                                        target ->
                                                                target.getPackageName()
                                                                        .contains(".internal"))
                                                .filter(
                                                        target ->
                                                                target.getPackageName()
                                                                        .startsWith("dev.tanren."))
                                                .filter(
                                                        target ->
                                                                !moduleOf(target)
                                                                        .equals(moduleOf(type)))
                                                .map(
                                                        target ->
                                                                type.getName()
                                                                        + " uses "
                                                                        + target.getName()))
                        .toList();

        assertThat(violations).isEmpty();
    }

    @Test
    void theTwoBuildsOfLibtorchAreNeverSeenByTheSameModule() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.tanren.trainer..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.bytedeco..")
                .check(classes);
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.tanren.inference..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("ai.djl.pytorch..", "ai.djl.inference..")
                .check(classes);
    }

    @Test
    void modelCodeKnowsNothingOfParallelismOrStorageOfCheckpoints() {
        noClasses()
                .that()
                .resideInAnyPackage("dev.tanren.trainer.model..", "dev.tanren.trainer.objective..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.tanren.trainer.distributed..",
                        "dev.tanren.trainer.rank..",
                        "dev.tanren.trainer.checkpoint..",
                        "dev.tanren.storage.checkpoint..")
                .check(classes);
    }

    /// How processes reach Temporal is no workflow code, and none of it may be used by any.
    @Test
    void workflowCodeTouchesNoClockNoThreadAndNoFile() {
        noClasses()
                .that()
                .resideInAPackage("dev.tanren.workflows..")
                .and()
                .resideOutsideOfPackage("dev.tanren.workflows.temporal")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.tanren.workflows.temporal")
                .check(classes);
        noClasses()
                .that()
                .resideInAPackage("dev.tanren.workflows..")
                .and()
                .resideOutsideOfPackage("dev.tanren.workflows.temporal")
                .should()
                .dependOnClassesThat()
                .haveNameMatching(
                        "java\\.(nio\\.file|net|util\\.concurrent\\.(locks|Executor)).*|java\\.time\\.Clock|java\\.util\\.Random|java\\.lang\\.Thread")
                .check(classes);
    }

    /// On two cores it has one thread: whoever blocks in it holds up everybody.
    /// Temporal's client reports it as a failure of the activity, which the service refuses: the
    /// end is then heard of as a worker's silence. What it wants is `ActivityCanceledException`.
    @Test
    void noActivityEndsWithACanceledFailure() {
        noClasses()
                .that()
                .resideInAPackage("dev.tanren.activities..")
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("io.temporal.failure.CanceledFailure")
                .check(classes);
    }

    @Test
    void nothingWaitsInTheCommonPool() {
        noClasses()
                .should()
                .callMethod(CompletableFuture.class, "supplyAsync", Supplier.class)
                .orShould()
                .callMethod(CompletableFuture.class, "runAsync", Runnable.class)
                .orShould()
                .callMethod(CompletableFuture.class, "thenApplyAsync", Function.class)
                .orShould()
                .callMethod(CompletableFuture.class, "thenAcceptAsync", Consumer.class)
                .orShould()
                .callMethod(CompletableFuture.class, "thenRunAsync", Runnable.class)
                .orShould()
                .callMethod(CompletableFuture.class, "thenComposeAsync", Function.class)
                .orShould()
                .callMethod(CompletableFuture.class, "handleAsync", BiFunction.class)
                .orShould()
                .callMethod(ForkJoinPool.class, "commonPool")
                .check(classes);
    }

    @Test
    void packagesAreFreeOfCycles() {
        Map<String, Set<String>> uses = new TreeMap<>();
        for (JavaClass type : classes) {
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                String from = room(type.getPackageName());
                String to = room(dependency.getTargetClass().getPackageName());
                if (from.startsWith("dev.tanren.") && to.startsWith("dev.tanren.")) {
                    uses.computeIfAbsent(from, name -> new TreeSet<>()).add(to);
                }
            }
        }

        assertThat(cycles(uses)).isEmpty();
    }

    /// Of any length; each once, with the packages that can all be reached from each other.
    private static Set<Set<String>> cycles(Map<String, Set<String>> uses) {
        Map<String, Set<String>> reached = new TreeMap<>();
        uses.keySet().forEach(name -> reached.put(name, reachedFrom(name, uses)));
        Set<Set<String>> cycles = new HashSet<>();
        reached.forEach(
                (name, others) -> {
                    Set<String> cycle = new TreeSet<>(others);
                    cycle.removeIf(other -> !reached.getOrDefault(other, Set.of()).contains(name));
                    cycle.add(name);
                    if (cycle.size() > 1) {
                        cycles.add(cycle);
                    }
                });
        return cycles;
    }

    private static Set<String> reachedFrom(String start, Map<String, Set<String>> uses) {
        Set<String> reached = new TreeSet<>();
        Deque<String> next = new ArrayDeque<>(uses.getOrDefault(start, Set.of()));
        while (!next.isEmpty()) {
            String name = next.pop();
            if (reached.add(name)) {
                next.addAll(uses.getOrDefault(name, Set.of()));
            }
        }
        return reached;
    }

    @Test
    void aCycleOfThreePackagesIsSeen() {
        assertThat(
                        cycles(
                                Map.of(
                                        "a", Set.of("b"),
                                        "b", Set.of("c"),
                                        "c", Set.of("a", "d"),
                                        "d", Set.of("d"))))
                .containsExactly(Set.of("a", "b", "c"));
    }

    /// A package and its own `internal` are one room.
    private static String room(String name) {
        return name.endsWith(".internal")
                ? name.substring(0, name.length() - ".internal".length())
                : name;
    }

    private static String moduleOf(JavaClass type) {
        return Stream.of(type.getPackageName().split("\\.", -1)).skip(2).findFirst().orElse("");
    }
}
