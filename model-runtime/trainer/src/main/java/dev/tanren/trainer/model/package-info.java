/// What a decoder is to the rest of the trainer, and how its weights come to be.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.model;
