// Stands in for the registration of unwind tables by the start files of a static program (see CTXCOST_STATIC in
// CMakeLists.txt): what is not registered is found through PT_GNU_EH_FRAME, as in a dynamic program [libgcc
// unwind-dw2-fde-dip.c].

// The linker's --wrap gives these names.  NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" {
void __wrap___register_frame_info(const void* begin, void* object);
void* __wrap___deregister_frame_info(const void* begin);

void __wrap___register_frame_info(const void* /*begin*/, void* /*object*/) {}
void* __wrap___deregister_frame_info(const void* /*begin*/) { return nullptr; }
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
