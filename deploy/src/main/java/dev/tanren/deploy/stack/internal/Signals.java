package dev.tanren.deploy.stack.internal;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// The two system calls on processes that Java does not have.
public final class Signals {

    static final int INTERRUPT = 2;

    /// As Linux numbers them on x86-64 and ARM.
    public static final int CONTINUE = 18;

    public static final int STOP = 19;

    static final int KILL = 9;
    static final int TERMINATE = 15;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle SEND =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow("kill"),
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle NEW_SESSION =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow("setsid"),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT));

    private Signals() {}

    /// @return whether there was such a process that could be signalled
    public static boolean send(long pid, int signal) {
        if (pid <= 1) {
            throw new IllegalArgumentException("no signal to process " + pid);
        }
        try {
            return (int) SEND.invokeExact(Math.toIntExact(pid), signal) == 0;
        } catch (Throwable e) {
            throw new IllegalStateException("kill(2) cannot be called", e);
        }
    }

    /// Leaves the terminal, so that neither its Ctrl-C nor its end reaches this process or its
    /// children.
    static void leaveTerminal() {
        try {
            // It fails where this process leads its group, hence has no terminal's job control to
            // fear.
            int ignored = (int) NEW_SESSION.invokeExact();
        } catch (Throwable e) {
            throw new IllegalStateException("setsid(2) cannot be called", e);
        }
    }
}
