package dev.tanren.plan.validation;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.model.HubReference;
import dev.tanren.plan.validation.internal.Nearest;
import dev.tanren.plan.validation.internal.Place;
import dev.tanren.plan.validation.internal.Problems;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// What several rules need.
final class Rules {

    private static final Pattern EARLIER_RUN = Pattern.compile("run:[\\w.-]+/[\\w.-]+");

    private Rules() {}

    /// Reports a name that is not among the known ones.
    ///
    /// @param what what it should name, with its article
    static void reference(
            Problems problems, Place place, String what, String name, Collection<String> known) {
        if (!known.contains(name)) {
            problems.report(
                    ErrorCode.PLAN_REFERENCE,
                    place,
                    name,
                    known.isEmpty()
                            ? what + ", of which there is none"
                            : what + ": " + String.join(", ", new TreeSet<>(known)),
                    Nearest.of(name, known),
                    "Use a name that the plan has.");
        }
    }

    /// Reports a metric that is not `<dataset>.<one of metrics>`.
    static void metric(
            Problems problems,
            Place place,
            String metric,
            Set<String> datasets,
            List<String> metrics) {
        int dot = metric.indexOf('.');
        String name = dot < 0 ? "" : metric.substring(dot + 1);
        if (!metrics.contains(name)) {
            problems.report(
                    ErrorCode.PLAN_VALUE,
                    place,
                    "the metric " + metric,
                    "<dataset>." + String.join(", <dataset>.", metrics),
                    Nearest.of(name, metrics),
                    "Name a dataset and one of its metrics.");
        }
        if (dot >= 0) {
            reference(problems, place, "a dataset", metric.substring(0, dot), datasets);
        }
    }

    static void inconsistent(
            Problems problems, Place place, String found, String expected, String mend) {
        problems.report(ErrorCode.PLAN_INCONSISTENT, place, found, expected, mend);
    }

    /// Reports an address that no base model can be read from.
    static void base(Problems problems, Place place, String address) {
        if (!EARLIER_RUN.matcher(address).matches() && HubReference.parse(address).isEmpty()) {
            scheme(
                    problems,
                    place,
                    address,
                    Set.of(),
                    ", " + HubReference.FORM + ", or run:<id>/<stage>");
        }
    }

    /// Reports an address that no tokenizer can be read from.
    static void tokenizer(Problems problems, Place place, String address) {
        if (HubReference.parse(address).isEmpty()) {
            scheme(problems, place, address, Set.of(), ", or " + HubReference.FORM);
        }
    }

    /// Reports an address whose scheme is not among those that work.
    static void scheme(Problems problems, Place place, String address, Set<String> later) {
        scheme(problems, place, address, later, "");
    }

    private static void scheme(
            Problems problems, Place place, String address, Set<String> later, String further) {
        int colon = address.indexOf(':');
        String scheme = colon < 0 ? "" : address.substring(0, colon);
        if (scheme.equals("file") || (scheme.equals("s3") && address.startsWith("s3://"))) {
            return;
        }
        boolean soon = later.contains(scheme);
        problems.report(
                soon ? ErrorCode.PLAN_NOT_YET_SUPPORTED : ErrorCode.PLAN_VALUE,
                place,
                soon ? address + ", which is not implemented yet" : address,
                "file:path or s3://bucket/path" + further,
                "Use what works now: file: or s3:" + further + ".");
    }
}
