// What a static program leaves out of its start: the linker's --wrap puts these functions in the place of the library's
// (see CTXCOST_STATIC in CMakeLists.txt).

// The linker gives these names.  NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" {

// The start files register the unwind tables, and the first exception then sorts all of them: 30 million instructions.
// What is not registered is found through PT_GNU_EH_FRAME, a table that the linker sorted, as in a dynamic program
// [libgcc unwind-dw2-fde-dip.c].
void __wrap___register_frame_info(const void* begin, void* object);
void* __wrap___deregister_frame_info(const void* begin);
void __wrap___register_frame_info(const void* /*begin*/, void* /*object*/) {}
void* __wrap___deregister_frame_info(const void* /*begin*/) { return nullptr; }

// std::cout and its like, whose header CLI11 includes, take 48,000 instructions to make. Nothing writes to them.
void __wrap__ZNSt8ios_base4InitC1Ev(void* self);
void __wrap__ZNSt8ios_base4InitD1Ev(void* self);
void __wrap__ZNSt8ios_base4InitC1Ev(void* /*self*/) {}
void __wrap__ZNSt8ios_base4InitD1Ev(void* /*self*/) {}
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
