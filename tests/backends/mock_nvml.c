/* A libnvidia-ml.so.1 for tests: what nvidia-ml-py calls, over devices listed in a file.
 *
 * The file named by MOCK_NVML is read again by nvmlInitWithFlags and nvmlDeviceGetCount_v2:
 *     init CODE                          what nvmlInit answers (0 is well)
 *     sleep SECONDS                      how long each count takes
 *     device CODE UUID TOTAL USED UTIL NAME…   CODE is what its handle answers; UTIL -1: not supported
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUCCESS 0
#define UNINITIALIZED 1
#define INVALID_ARGUMENT 2
#define NOT_SUPPORTED 3
#define NOT_FOUND 6
#define MOST 16

typedef struct { int code; char uuid[64]; unsigned long long total, used; int util; char name[64]; } Device;
typedef struct { unsigned long long total, free, used; } Memory;
typedef struct { unsigned int gpu, memory; } Utilization;

static Device devices[MOST];
static int count, initialized, init_code, seconds;

static void load(void)
{
    const char *path = getenv("MOCK_NVML");
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[256];
    count = init_code = seconds = 0;
    while (file && fgets(line, sizeof line, file)) {
        Device *d = &devices[count];
        if (sscanf(line, "device %d %63s %llu %llu %d %63[^\n]", &d->code, d->uuid, &d->total,
                   &d->used, &d->util, d->name) == 6 && count < MOST - 1)
            count++;
        else if (sscanf(line, "init %d", &init_code) != 1)
            sscanf(line, "sleep %d", &seconds);
    }
    if (file)
        fclose(file);
}

static int copy(char *to, unsigned int length, const char *from)
{
    if (strlen(from) >= length)
        return 7; /* insufficient size */
    strcpy(to, from);
    return SUCCESS;
}

int nvmlInitWithFlags(unsigned int flags)
{
    (void)flags;
    load();
    initialized = init_code == SUCCESS;
    return init_code;
}

int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }

int nvmlShutdown(void)
{
    int was = initialized;
    initialized = 0;
    return was ? SUCCESS : UNINITIALIZED;
}

const char *nvmlErrorString(int code)
{
    return code == 15 ? "GPU is lost" : code == 9 ? "Driver Not Loaded" : "Mock error";
}

int nvmlSystemGetDriverVersion(char *version, unsigned int length)
{
    return copy(version, length, "550.0.mock");
}

int nvmlDeviceGetCount_v2(unsigned int *found)
{
    if (!initialized)
        return UNINITIALIZED;
    load();
    sleep(seconds);
    *found = count;
    return init_code; /* a driver that is unloaded while it is in use */
}

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, Device **handle)
{
    if ((int)index >= count)
        return INVALID_ARGUMENT;
    *handle = &devices[index];
    return devices[index].code;
}

int nvmlDeviceGetHandleByUUID(const char *uuid, Device **handle)
{
    for (int index = 0; index < count; index++)
        if (strcmp(devices[index].uuid, uuid) == 0)
            return nvmlDeviceGetHandleByIndex_v2(index, handle);
    return NOT_FOUND;
}

int nvmlDeviceGetName(Device *device, char *name, unsigned int length)
{
    return copy(name, length, device->name);
}

int nvmlDeviceGetUUID(Device *device, char *uuid, unsigned int length)
{
    return copy(uuid, length, device->uuid);
}

int nvmlDeviceGetMemoryInfo(Device *device, Memory *memory)
{
    memory->total = device->total;
    memory->used = device->used;
    memory->free = device->total - device->used;
    return SUCCESS;
}

int nvmlDeviceGetUtilizationRates(Device *device, Utilization *utilization)
{
    if (device->util < 0)
        return NOT_SUPPORTED;
    utilization->gpu = device->util;
    utilization->memory = 0;
    return SUCCESS;
}
