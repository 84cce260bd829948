package dev.tanren.workflows;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaFieldAccess;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Nothing that workflow code reaches, however indirectly, may differ between two replays.
///
/// Temporal's own checker of byte code is not on Maven Central, so this one walks what the compiled
/// workflows call: from their methods through every method of ours, with every implementation of an
/// interface of ours, up to the first call of foreign code, which must not be one of [#FORBIDDEN].
/// Foreign code's insides are not looked at, nor calls by reflection.
class DeterminismTest {

    /// Regular expressions of `owner.member`. Clocks, chance, threads, the outside world; and maps
    /// and sets whose order of iteration depends on the process.
    private static final List<String> FORBIDDEN =
            List.of(
                    "java\\.lang\\.System\\.(currentTimeMillis|nanoTime|getenv|getProperty|exit)",
                    "java\\.lang\\.System\\.(in|out|err)",
                    "java\\.lang\\.(Thread|ProcessBuilder|Runtime|ThreadLocal)\\..*",
                    "java\\.lang\\.Object\\.(wait|notify|notifyAll)",
                    "java\\.lang\\.Math\\.random",
                    "java\\.time\\..*\\.now",
                    "java\\.time\\.(Clock|ZoneId)\\.system.*",
                    "java\\.util\\.UUID\\.randomUUID",
                    "java\\.util\\.(Random|SplittableRandom|Timer)\\..*",
                    "java\\.security\\.SecureRandom\\..*",
                    "java\\.util\\.concurrent\\..*",
                    "java\\.util\\.(Collection|List|Set)\\.parallelStream",
                    "java\\.(io|nio\\.file|nio\\.channels|net|sql)\\..*",
                    "java\\.util\\.(HashMap|HashSet|IdentityHashMap|WeakHashMap)\\.<init>",
                    "java\\.util\\.(Map|Set)\\.(of|ofEntries|copyOf)",
                    "java\\.util\\.stream\\.Collectors\\.(toSet|toMap|groupingBy|toUnmodifiableSet"
                            + "|toUnmodifiableMap)");

    private static final JavaClasses OURS =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("dev.tanren.plan", "dev.tanren.workflows");

    @Test
    void workflowsReachNothingThatDiffersBetweenReplays() {
        Walk walk = new Walk(OURS);
        WorkflowTypes.implementations().forEach(type -> walk.from(OURS.get(type)));

        assertThat(walk.violations).isEmpty();
        assertThat(walk.seen)
                .as("the walk goes through the planner, which is another module")
                .anyMatch(
                        unit -> unit.getOwner().getPackageName().equals("dev.tanren.plan.planner"));
    }

    @Test
    void aClockBehindAnInterfaceAndAMethodIsFound() {
        JavaClasses careless =
                new ClassFileImporter()
                        .importClasses(Careless.class, Source.class, FromTheClock.class);
        Walk walk = new Walk(careless);

        walk.from(careless.get(Careless.class));

        assertThat(walk.violations)
                .anyMatch(it -> it.contains("System.nanoTime") && it.contains("FromTheClock.next"))
                .anyMatch(it -> it.contains("Map.of"))
                .anyMatch(it -> it.contains("Careless.count") && it.contains("static"));
    }

    /// All code of ours that can be reached.
    private static final class Walk {

        private final Map<String, List<JavaClass>> implementors = new HashMap<>();
        private final JavaClasses classes;
        private final Set<JavaCodeUnit> seen = new HashSet<>();
        private final Deque<JavaCodeUnit> open = new ArrayDeque<>();
        private final List<String> violations = new ArrayList<>();

        Walk(JavaClasses classes) {
            this.classes = classes;
            for (JavaClass type : classes) {
                Stream.concat(
                                type.getAllRawInterfaces().stream(),
                                type.getAllRawSuperclasses().stream())
                        .forEach(
                                above ->
                                        implementors
                                                .computeIfAbsent(
                                                        above.getName(), name -> new ArrayList<>())
                                                .add(type));
            }
        }

        void from(JavaClass type) {
            type.getCodeUnits().forEach(this::reach);
            while (!open.isEmpty()) {
                JavaCodeUnit unit = open.remove();
                unit.getAccessesFromSelf().forEach(access -> look(unit, access));
            }
        }

        private void reach(JavaCodeUnit unit) {
            if (seen.add(unit)) {
                open.add(unit);
            }
        }

        private void look(JavaCodeUnit unit, JavaAccess<?> access) {
            AccessTarget target = access.getTarget();
            JavaClass owner = target.getOwner();
            String name = owner.getName() + "." + target.getName();
            if (FORBIDDEN.stream().anyMatch(name::matches)) {
                violations.add(unit.getFullName() + " uses " + name);
            }
            if (access instanceof JavaFieldAccess field) {
                field.getTarget()
                        .resolveMember()
                        .filter(it -> it.getModifiers().contains(JavaModifier.STATIC))
                        .filter(it -> !it.getModifiers().contains(JavaModifier.FINAL))
                        .ifPresent(
                                it ->
                                        violations.add(
                                                unit.getFullName()
                                                        + " uses the static variable "
                                                        + it.getFullName()));
            }
            if (classes.contain(owner.getName())) {
                reachBehind(owner, target.getName());
            }
        }

        /// Methods of that name in the class, above it and below it; and what the class does when
        /// it is loaded.
        private void reachBehind(JavaClass owner, String name) {
            Stream.of(
                            Stream.of(owner),
                            owner.getAllRawSuperclasses().stream(),
                            owner.getAllRawInterfaces().stream(),
                            implementors.getOrDefault(owner.getName(), List.of()).stream())
                    .flatMap(types -> types)
                    .filter(type -> classes.contain(type.getName()))
                    .flatMap(type -> type.getCodeUnits().stream())
                    .filter(
                            unit ->
                                    unit.getName().equals(name)
                                            || unit.getName().equals("<clinit>"))
                    .forEach(this::reach);
        }
    }

    public interface Source {
        long next();
    }

    private static final class FromTheClock implements Source {
        @Override
        public long next() {
            return System.nanoTime();
        }
    }

    public static final class Careless {

        private static int count;

        public long run(Source source) {
            count++;
            return count + source.next() + Map.of("a", 1, "b", 2).values().iterator().next();
        }
    }
}
