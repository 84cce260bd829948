package dev.tanren.activities.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// In folders that look like the kernel's.
class ControlGroupsTest {

    @TempDir private Path mount;

    @Test
    void versionOneCountsInTheWorkersOwnGroup() throws Exception {
        Path own = folder("memory/machine/worker");
        Files.writeString(own.resolve("memory.oom_control"), "under_oom 0\noom_kill 3\n");
        folder("memory");
        Files.writeString(mount.resolve("memory/memory.oom_control"), "oom_kill 99\n");

        ControlGroups groups = ControlGroups.of(mount, List.of("4:memory:/machine/worker", "0::/"));

        assertThat(groups.kills()).isEqualTo(3);
    }

    @Test
    void versionTwoMakesGroupsBesideTheWorkerWhereAServiceIsDelegated() throws Exception {
        Path service = folder("system.slice/tanren.service");
        Path own = folder("system.slice/tanren.service/worker");
        Files.writeString(own.resolve("memory.events"), "oom 1\noom_kill 2\n");
        Files.writeString(service.resolve("cgroup.subtree_control"), "");

        ControlGroups groups =
                ControlGroups.of(mount, List.of("0::/system.slice/tanren.service/worker"));

        assertThat(groups.kills()).isEqualTo(2);
        assertThat(Files.readString(service.resolve("cgroup.subtree_control")))
                .isEqualTo("+memory");
        // A folder is no kernel: it has no file that takes the limit.
        assertThat(groups.make("gang-1", 100)).isEmpty();
        assertThat(service.resolve("tanren-" + ProcessHandle.current().pid() + "-gang-1"))
                .doesNotExist();
    }

    @Test
    void versionTwoMakesNoneInAGroupThatIsNotItsOwn() throws Exception {
        Path slice = folder("system.slice");
        Path own = folder("system.slice/tanren.service");
        Files.writeString(own.resolve("memory.events"), "oom_kill 0\n");
        Files.writeString(slice.resolve("cgroup.subtree_control"), "memory");

        ControlGroups groups = ControlGroups.of(mount, List.of("0::/system.slice/tanren.service"));

        assertThat(groups.make("gang-1", 100)).isEmpty();
    }

    @Test
    void inAContainerTheOwnGroupIsWhatIsMounted() throws Exception {
        Files.writeString(mount.resolve("memory.events"), "oom_kill 7\n");

        assertThat(ControlGroups.of(mount, List.of("0::/../elsewhere")).kills()).isEqualTo(7);
    }

    private Path folder(String name) throws Exception {
        return Files.createDirectories(mount.resolve(name));
    }
}
