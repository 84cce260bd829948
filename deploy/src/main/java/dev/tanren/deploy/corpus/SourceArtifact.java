package dev.tanren.deploy.corpus;

import java.util.List;

/// A published sources archive that the demo's corpus is made of.
///
/// All are under the Apache License 2.0, which each archive holds as `META-INF/LICENSE.txt`;
/// `docs/attribution.md` names them.
///
/// @param sha256 of the archive, hexadecimal: other bytes are refused
public record SourceArtifact(String group, String artifact, String version, String sha256) {

    /// The demo's corpus, in order.
    public static final List<SourceArtifact> ALL =
            List.of(
                    new SourceArtifact(
                            "org.apache.commons",
                            "commons-lang3",
                            "3.20.0",
                            "eec245e820ec2800a1780cf756aefb427c1c6170e06902e67ac15b6910ce6335"),
                    new SourceArtifact(
                            "org.apache.commons",
                            "commons-collections4",
                            "4.5.0",
                            "75f1bef9447cce189743f7d52f63a669bd796ae19ca863e1f22db1d5b6b504a6"),
                    new SourceArtifact(
                            "commons-io",
                            "commons-io",
                            "2.21.0",
                            "5fd4d4493dd1eee5c6f314159dbac7fda1988a4ab037feacbeb2ecb3033c43b4"),
                    new SourceArtifact(
                            "org.apache.commons",
                            "commons-text",
                            "1.14.0",
                            "5330c503e49a845407d48eccfa41bc4ba29eade6f60feb49a6212fb5f57abaa5"),
                    new SourceArtifact(
                            "org.apache.commons",
                            "commons-csv",
                            "1.14.1",
                            "94fced5dae260c2d094e22f056bc8f8dcc6d526da3b8c1fc26a27678aac37727"));

    /// Coordinates as Maven's `dependency:copy` takes them.
    public String coordinates() {
        return group + ":" + artifact + ":" + version + ":jar:sources";
    }

    public String fileName() {
        return artifact + "-" + version + "-sources.jar";
    }
}
