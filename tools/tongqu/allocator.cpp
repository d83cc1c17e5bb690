// Read by jemalloc when the process starts, and overruled by the environment (MALLOC_CONF). By default it takes four arenas for each
// processor and keeps what was freed for ten seconds: a bridge of a dozen threads then holds a sixth more memory than it uses.
extern "C" {
__attribute__((visibility("default"))) const char* malloc_conf = "narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0";
}
