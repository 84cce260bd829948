package dev.tanren.controlplane;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// What an operator can set of the API, as `tanren.api.…` or in the environment as `TANREN_API_…`.
@ConfigMapping(prefix = "tanren.api")
public interface Settings {

    /// Host names, besides the loopback's, that requests may be addressed to. Others are refused,
    /// so that no web page can reach the API through a name of its own.
    Optional<List<String>> allowedHosts();

    /// Addresses and networks of the proxies in front of this server, such as `10.0.0.0/8`. What
    /// they say of where a request comes from is believed, and of nobody else.
    Optional<List<String>> trustedProxies();

    /// Requests a second that one token may make over a long time.
    @WithDefault("50")
    int requestsPerSecond();

    /// Requests that one token may make at once after a pause.
    @WithDefault("200")
    int requestBurst();

    /// Tokens and sessions that were not good lately, and that one address may have looked up a
    /// second over a long time.
    @WithDefault("50")
    int lookUpsPerSecond();

    /// The same at once after a pause.
    @WithDefault("200")
    int lookUpBurst();

    /// Failures a second that one address may make over a long time, with tokens that begin alike.
    @WithDefault("1")
    int failuresPerSecond();

    /// The same at once after a pause.
    @WithDefault("50")
    int failureBurst();

    /// How long a token that was looked up is believed, and so how long a revoked one may still
    /// work.
    @WithDefault("PT5S")
    Duration tokenCache();

    /// How often those who were refused are written into the audit.
    @WithDefault("PT1M")
    Duration refusalInterval();

    /// How long a connection may stay on which no request is at work, and so how long the head of
    /// one may take to come. Longer than clients keep idle connections, so that they do not send on
    /// one that is being closed.
    @WithDefault("PT60S")
    Duration connectionPatience();

    /// How long the body of a request may take to come.
    @WithDefault("PT30S")
    Duration bodyPatience();

    /// How long a sign-in to the console lasts.
    @WithDefault("PT12H")
    Duration sessionLifetime();

    /// How long a request rides out an outage of the database before it answers 503.
    @WithDefault("PT3S")
    Duration databasePatience();

    /// How long the start rides one out.
    @WithDefault("PT60S")
    Duration startPatience();

    /// How long a pause, resume or cancel waits for a worker to take it.
    @WithDefault("PT10S")
    Duration orchestratorPatience();

    /// How often unfinished runs are compared with their workflows in Temporal.
    @WithDefault("PT10S")
    Duration reconcileInterval();

    /// How long a run's state has been as it is before it is compared: a workflow that is being
    /// started has so long to begin.
    @WithDefault("PT15S")
    Duration startGrace();

    /// How often an event stream looks for news.
    @WithDefault("PT0.5S")
    Duration eventInterval();

    /// How often a silent event stream says that it lives.
    @WithDefault("PT10S")
    Duration heartbeat();

    /// Folder of the example plans on the workers' machine, against which their relative addresses
    /// are made absolute. Without it they stay as they are written, and do not run unchanged.
    Optional<String> examples();

    /// Event streams that may be open at once.
    @WithDefault("200")
    int eventStreams();
}
