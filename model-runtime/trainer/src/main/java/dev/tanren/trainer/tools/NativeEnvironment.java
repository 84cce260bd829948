package dev.tanren.trainer.tools;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Environment variables as native libraries of this process see them when they load.
///
/// Java's own view of the environment stays as it was.
final class NativeEnvironment {

    private static final MethodHandle SETENV =
            Linker.nativeLinker()
                    .downcallHandle(
                            Linker.nativeLinker().defaultLookup().findOrThrow("setenv"),
                            FunctionDescriptor.of(
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.ADDRESS,
                                    ValueLayout.ADDRESS,
                                    ValueLayout.JAVA_INT));

    private static final MethodHandle UNSETENV =
            Linker.nativeLinker()
                    .downcallHandle(
                            Linker.nativeLinker().defaultLookup().findOrThrow("unsetenv"),
                            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));

    private NativeEnvironment() {}

    /// Takes a variable away.
    static void unset(String name) {
        try (Arena arena = Arena.ofConfined()) {
            int result = (int) UNSETENV.invokeExact(arena.allocateFrom(name));
            if (result != 0) {
                throw new IllegalStateException("the environment keeps " + name);
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("unsetenv failed for " + name, e);
        }
    }

    /// Sets a variable, whatever it was.
    static void set(String name, String value) {
        set(name, value, true);
    }

    /// Sets a variable unless whoever started the process did.
    static void setDefault(String name, String value) {
        set(name, value, false);
    }

    private static void set(String name, String value, boolean overwrite) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment nameBytes = arena.allocateFrom(name);
            MemorySegment valueBytes = arena.allocateFrom(value);
            int result = (int) SETENV.invokeExact(nameBytes, valueBytes, overwrite ? 1 : 0);
            if (result != 0) {
                throw new IllegalStateException("the environment cannot hold " + name);
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("setenv failed for " + name, e);
        }
    }
}
