/*
 * The ELF entry point of pam_goldap.so when it is executed as a program: the
 * kernel's argument block is at sp (ELF for the Arm 64-bit architecture). Pass
 * it on and never return.
 */
#if defined(__aarch64__)
	.text
	.globl	goldap_start
	.hidden	goldap_start
	.type	goldap_start, %function
goldap_start:
	mov	x29, #0
	mov	x30, #0
	mov	x0, sp
	bl	goldap_program
	brk	#0
	.size	goldap_start, .-goldap_start
#endif
	.section .note.GNU-stack, "", %progbits
