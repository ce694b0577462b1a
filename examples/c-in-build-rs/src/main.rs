include!(env!("UNIKERNEL_HELLO_MAIN"));
