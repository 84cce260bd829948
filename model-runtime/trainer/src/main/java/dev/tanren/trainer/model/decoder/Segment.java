package dev.tanren.trainer.model.decoder;

import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.List;

/// A part of a decoder that is run, kept, and later placed on ranks by itself: the embedding, each
/// layer, the head.
///
/// What is done around a segment is a segment around it: [running it again][Recomputed] instead of
/// keeping what it makes, gathering its parameters.
///
/// The first segment begins the stream: what comes in has no columns. The last one ends it in
/// losses: what it gives out has none.
public interface Segment extends StreamFunction {

    /// What it owns, in the order of the layout. A tied weight is owned by the first segment that
    /// uses it.
    List<ParameterLayout.Entry> parameters();
}
