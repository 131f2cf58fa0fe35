#include "search/contraction/order_search.h"
