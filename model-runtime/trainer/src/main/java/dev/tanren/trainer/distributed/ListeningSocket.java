package dev.tanren.trainer.distributed;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteOrder;

/// A TCP socket that listens on one address alone, as a file descriptor for a library that would
/// itself listen on every interface. The constants are Linux's.
final class ListeningSocket {

    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_REUSEADDR = 2;
    private static final int BACKLOG = 512;

    private static final ValueLayout.OfShort NETWORK_SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERROR = Linker.Option.captureCallState("errno");
    private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private static final MethodHandle SOCKET =
            call("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle OPTION =
            call(
                    "setsockopt",
                    FunctionDescriptor.of(
                            JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle BIND =
            call("bind", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle LISTEN =
            call("listen", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle CLOSE =
            call("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

    private ListeningSocket() {}

    /// @return a descriptor that the caller owns
    /// @throws IOException with the system's error number where the port is taken, or the address
    ///     is none of this machine
    static int on(InetAddress address, int port) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment error = arena.allocate(STATE);
            int family = address instanceof Inet6Address ? AF_INET6 : AF_INET;
            int descriptor =
                    result(
                            "socket",
                            (int) SOCKET.invokeExact(error, family, SOCK_STREAM | SOCK_CLOEXEC, 0),
                            error);
            try {
                MemorySegment yes = arena.allocateFrom(JAVA_INT, 1);
                result(
                        "setsockopt",
                        (int)
                                OPTION.invokeExact(
                                        error, descriptor, SOL_SOCKET, SO_REUSEADDR, yes, 4),
                        error);
                MemorySegment name = name(arena, family, address, port);
                result(
                        "bind to " + address.getHostAddress() + ":" + port,
                        (int) BIND.invokeExact(error, descriptor, name, (int) name.byteSize()),
                        error);
                result("listen", (int) LISTEN.invokeExact(error, descriptor, BACKLOG), error);
                return descriptor;
            } catch (IOException e) {
                int _ = (int) CLOSE.invokeExact(error, descriptor);
                throw e;
            }
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /// `struct sockaddr_in` of 16 bytes, `struct sockaddr_in6` of 28.
    private static MemorySegment name(Arena arena, int family, InetAddress address, int port) {
        MemorySegment name = arena.allocate(family == AF_INET6 ? 28 : 16, 4);
        name.set(JAVA_SHORT, 0, (short) family);
        name.set(NETWORK_SHORT, 2, (short) port);
        byte[] bytes = address.getAddress();
        MemorySegment.copy(bytes, 0, name, JAVA_BYTE, family == AF_INET6 ? 8 : 4, bytes.length);
        if (address instanceof Inet6Address scoped) {
            name.set(JAVA_INT, 24, scoped.getScopeId());
        }
        return name;
    }

    private static int result(String what, int result, MemorySegment error) throws IOException {
        if (result < 0) {
            throw new IOException(what + ": error " + (int) ERRNO.get(error, 0L));
        }
        return result;
    }

    private static MethodHandle call(String name, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, ERROR);
    }
}
