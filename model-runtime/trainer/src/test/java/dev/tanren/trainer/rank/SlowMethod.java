package dev.tanren.trainer.rank;

import com.sun.jdi.Bootstrap;
import com.sun.jdi.ReferenceType;
import com.sun.jdi.VMDisconnectedException;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.Connector;
import com.sun.jdi.connect.IllegalConnectorArgumentsException;
import com.sun.jdi.connect.ListeningConnector;
import com.sun.jdi.event.BreakpointEvent;
import com.sun.jdi.event.ClassPrepareEvent;
import com.sun.jdi.event.Event;
import com.sun.jdi.event.EventSet;
import com.sun.jdi.request.BreakpointRequest;
import com.sun.jdi.request.ClassPrepareRequest;
import com.sun.jdi.request.EventRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;

/// A debugger that a real process connects to before it begins, and that holds up every call of one
/// of its methods. Other threads of the process go on meanwhile.
final class SlowMethod implements AutoCloseable {

    private final ListeningConnector connector;
    private final Map<String, Connector.Argument> arguments;
    private final String address;
    private final String className;
    private final String method;
    private final Duration delay;
    private int processes;

    /// @param processes how many are held up; those that connect later are not
    SlowMethod(Class<?> type, String method, Duration delay, int processes) throws IOException {
        if (Arrays.stream(type.getDeclaredMethods()).noneMatch(it -> it.getName().equals(method))) {
            throw new IllegalArgumentException(type + " has no method " + method);
        }
        this.className = type.getName();
        this.method = method;
        this.delay = delay;
        this.processes = processes;
        connector =
                Bootstrap.virtualMachineManager().listeningConnectors().stream()
                        .filter(known -> known.transport().name().equals("dt_socket"))
                        .findFirst()
                        .orElseThrow();
        arguments = connector.defaultArguments();
        arguments.forEach(
                (name, argument) -> {
                    switch (name) {
                        case "port" -> argument.setValue("0");
                        case "localAddress" -> argument.setValue("127.0.0.1");
                        default -> {}
                    }
                });
        try {
            address = connector.startListening(arguments);
        } catch (IllegalConnectorArgumentsException e) {
            throw new IllegalStateException(e);
        }
        Thread.ofVirtual().start(this::accept);
    }

    /// To be put before the command of a JVM.
    String[] wrapper() {
        int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
        return new String[] {
            "env",
            "JAVA_TOOL_OPTIONS=-agentlib:jdwp=transport=dt_socket,server=n,suspend=y,address=127.0.0.1:"
                    + port
        };
    }

    private void accept() {
        try {
            while (true) {
                VirtualMachine machine = connector.accept(arguments);
                if (processes-- > 0) {
                    Thread.ofPlatform().daemon().start(() -> holdUp(machine));
                } else {
                    machine.dispose();
                }
            }
        } catch (IOException | IllegalConnectorArgumentsException e) {
            // Closed.
        }
    }

    private void holdUp(VirtualMachine machine) {
        ClassPrepareRequest loading = machine.eventRequestManager().createClassPrepareRequest();
        loading.addClassFilter(className);
        loading.setSuspendPolicy(EventRequest.SUSPEND_EVENT_THREAD);
        loading.enable();
        machine.resume();
        try {
            while (true) {
                EventSet events = machine.eventQueue().remove();
                for (Event event : events) {
                    switch (event) {
                        case ClassPrepareEvent loaded -> stopIn(machine, loaded.referenceType());
                        case BreakpointEvent _ -> Thread.sleep(delay);
                        default -> {}
                    }
                }
                events.resume();
            }
        } catch (VMDisconnectedException e) {
            // The process is gone.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void stopIn(VirtualMachine machine, ReferenceType type) {
        BreakpointRequest stop =
                machine.eventRequestManager()
                        .createBreakpointRequest(type.methodsByName(method).getFirst().location());
        stop.setSuspendPolicy(EventRequest.SUSPEND_EVENT_THREAD);
        stop.enable();
    }

    @Override
    public void close() throws IOException {
        try {
            connector.stopListening(arguments);
        } catch (IllegalConnectorArgumentsException e) {
            throw new IllegalStateException(e);
        }
    }
}
