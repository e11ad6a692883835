/** The copy from GPUs: buckets in their memory, streams, and gathering over NCCL. */
package dev.cairn.gpu;
