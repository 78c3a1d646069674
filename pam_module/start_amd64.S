/*
 * The ELF entry point of pam_goldap.so when it is executed as a program: the
 * kernel's argument block is on the stack (System V AMD64 psABI, 3.4.1). Pass
 * it on and never return.
 */
#if defined(__x86_64__)
	.text
	.globl	goldap_start
	.hidden	goldap_start
	.type	goldap_start, @function
goldap_start:
	xorl	%ebp, %ebp
	movq	%rsp, %rdi
	andq	$-16, %rsp
	call	goldap_program
	hlt
	.size	goldap_start, .-goldap_start
#endif
	.section .note.GNU-stack, "", @progbits
