#pragma once
// Marks what nvcc compiles for the GPU, too: such code is C++17.
#ifdef __CUDACC__
#define WSI_LPD_HOST_DEVICE __host__ __device__
#else
#define WSI_LPD_HOST_DEVICE
#endif
